//! The syntax of an attribute's list: `key`, `key = value` and `key(..)`, separated by commas.

use std::fmt;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Token, token};

/// One entry of a list.
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) given: Given,
}

/// The word before the value.
pub(crate) struct Key {
    pub(crate) kind: Kind,
    pub(crate) word: String,
    tokens: TokenStream,
}

/// Which attribute an entry stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `#[mcp_job(..)]`
    Job,
    /// `#[arg(..)]`
    Param,
}

/// What follows the key.
pub(crate) enum Given {
    /// Nothing.
    Alone,
    /// `= EXPR`
    Value(Expr),
    /// `( .. )`
    Parens(TokenStream),
    /// Something that is none of these, such as `: 120`, or an equals sign and nothing.
    Other,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Job => write!(f, "option `{}`", self.word),
            Kind::Param => write!(f, "parameter option `{}`", self.word),
        }
    }
}

impl ToTokens for Key {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

/// Takes a list apart. After a mistake it goes on behind the next comma.
pub(crate) fn parse(kind: Kind, list: TokenStream) -> Vec<syn::Result<Entry>> {
    let mut entries = Vec::new();
    let parsed = (|input: ParseStream<'_>| {
        while !input.is_empty() {
            entries.push(entry(kind, input));
            to_next(input)?;
        }
        Ok(())
    })
    .parse2(list);
    entries.extend(parsed.err().map(Err));
    entries
}

fn entry(kind: Kind, input: ParseStream<'_>) -> syn::Result<Entry> {
    let key = key(kind, input)?;
    let given = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if ended(input) { Given::Other } else { Given::Value(value(input)?) }
    } else if input.peek(token::Paren) {
        let content;
        syn::parenthesized!(content in input);
        Given::Parens(content.parse()?)
    } else if ended(input) {
        Given::Alone
    } else {
        Given::Other
    };
    Ok(Entry { key, given })
}

/// A key may be a keyword (`crate`), and hyphens are read along, so that `max-retries` can be recognised.
fn key(kind: Kind, input: ParseStream<'_>) -> syn::Result<Key> {
    if !input.peek(Ident::peek_any) {
        let found: TokenTree = input.parse()?;
        let is_text = matches!(&found, TokenTree::Literal(literal) if literal.to_string().ends_with('"'));
        let wanted = match kind {
            Kind::Job if is_text => {
                "an option, such as `timeout = 120`\nhelp: for the job's name, write `name = \"...\"`"
            }
            Kind::Job => "an option, such as `timeout = 120`",
            Kind::Param if is_text => {
                "a parameter option, such as `default = 10`\n\
                 help: for a description, write a doc comment on the parameter"
            }
            Kind::Param => "a parameter option, such as `default = 10`",
        };
        return Err(syn::Error::new_spanned(found, format!("expected {wanted}")));
    }
    let first = Ident::parse_any(input)?;
    let mut word = first.unraw().to_string();
    let mut tokens = first.into_token_stream();
    while input.peek(Token![-]) && input.peek2(Ident::peek_any) {
        input.parse::<Token![-]>()?.to_tokens(&mut tokens);
        let next = Ident::parse_any(input)?;
        word.push('-');
        word.push_str(&next.to_string());
        next.to_tokens(&mut tokens);
    }
    Ok(Key { kind, word, tokens })
}

fn value(input: ParseStream<'_>) -> syn::Result<Expr> {
    let value = input.parse()?;
    if ended(input) { Ok(value) } else { Err(input.error("expected `,`")) }
}

fn ended(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn to_next(input: ParseStream<'_>) -> syn::Result<()> {
    while !ended(input) {
        input.parse::<TokenTree>()?;
    }
    input.parse::<Option<Token![,]>>().map(drop)
}
