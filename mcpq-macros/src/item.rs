//! The annotated function, taken apart but not judged.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Signature, Token, Visibility};

use crate::errors::Errors;

/// A function whose body stays a group of tokens: mistakes in it are rustc's to report.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Block(Group),
    /// A trait's function without a body.
    Missing(Token![;]),
}

impl Function {
    /// `None` when the item is no function, or none that can be understood; the reason is then among the errors.
    pub(crate) fn parse(item: TokenStream, errors: &mut Errors) -> Option<Self> {
        if let Some(keyword) = keyword_of_another_item(&item) {
            errors.at(keyword, "`#[mcp_job]` can only be applied to a function");
            return None;
        }
        match syn::parse2(item) {
            Ok(function) => Some(function),
            Err(error) => {
                errors.push(error);
                None
            }
        }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        let body = if input.peek(Token![;]) { Body::Missing(input.parse()?) } else { Body::Block(block(input)?) };
        Ok(Self { attrs, vis, sig, body })
    }
}

/// A body, which comes in a group without delimiters where it is a macro's `$body:block`.
fn block(input: ParseStream<'_>) -> syn::Result<Group> {
    let place = input.span();
    let mut tree = input.parse::<TokenTree>();
    loop {
        match tree {
            Ok(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => tree = syn::parse2(group.stream()),
            Ok(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => return Ok(group),
            _ => return Err(syn::Error::new(place, "expected the body of the function")),
        }
    }
}

/// The first word of the item behind its attributes and visibility, unless `fn` comes before the first group.
fn keyword_of_another_item(item: &TokenStream) -> Option<TokenTree> {
    let mut first = None;
    let mut tokens = item.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => drop(tokens.next()),
            TokenTree::Ident(word) if word == "fn" => return None,
            TokenTree::Ident(word) if word == "pub" => {
                // The group of `pub(crate)`.
                tokens.next_if(
                    |next| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis),
                );
            }
            TokenTree::Group(group) if group.delimiter() != Delimiter::None => break,
            _ => drop(first.get_or_insert(token)),
        }
    }
    first
}
