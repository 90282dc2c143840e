//! What a type in a job's signature must not contain.

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{
    GenericArgument, Lifetime, ParenthesizedGenericArguments, Path, PathArguments, PathSegment, TraitBound, Type,
    TypeFnPtr, TypeImplTrait, TypeInfer, TypeNever, TypeParamBound, TypeReference,
};

use crate::errors::Errors;

/// Where in the signature a type stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Argument,
    Injected,
    Output,
}

/// Reports what no job may have in a type: borrowed data, `impl Trait` and `Self`. Says whether the type can be
/// used in generated items, which it cannot either where rustc will complain about the function itself.
pub(crate) fn check(ty: &Type, place: Place, job: &str, errors: &mut Errors) -> bool {
    let mut checker = Checker { place, job, errors, sound: true };
    checker.visit_type(ty);
    checker.sound
}

struct Checker<'a> {
    place: Place,
    job: &'a str,
    errors: &'a mut Errors,
    sound: bool,
}

impl Checker<'_> {
    fn refuse(&mut self, part: impl ToTokens, message: &str) {
        self.sound = false;
        self.errors.at(part, format!("job `{}` {message}", self.job));
    }
}

impl<'ast> Visit<'ast> for Checker<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        let lifetime = reference.lifetime.as_ref();
        if self.place == Place::Argument || lifetime.is_none() && self.place == Place::Injected {
            let help = match owned(&reference.elem) {
                Some(owned) => format!("use `{owned}`"),
                None => "take the value itself instead".to_owned(),
            };
            self.refuse(reference, &format!("must own its data, so it cannot hold a reference\nhelp: {help}"));
        } else {
            // Where a returned reference names no lifetime, rustc asks for one.
            self.sound &= lifetime.is_some();
            visit::visit_type_reference(self, reference);
        }
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident == "static" {
            return;
        }
        if self.place == Place::Output {
            self.sound = false;
        } else {
            let rule = format!("must own its data, so it cannot use the lifetime `{lifetime}`");
            self.refuse(lifetime, &format!("{rule}\nhelp: use `'static` or another type"));
        }
    }

    fn visit_type_infer(&mut self, _: &'ast TypeInfer) {
        self.sound = false;
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
        let help = match self.place {
            Place::Output if is_future(ty) => "write `async fn`, and the type that it ends with",
            Place::Output => "name the type that the job returns",
            Place::Argument | Place::Injected => "name one type, such as `String` or `Vec<u8>`",
        };
        self.refuse(ty, &format!("must use concrete types, not `impl Trait`\nhelp: {help}"));
    }

    fn visit_type_never(&mut self, never: &'ast TypeNever) {
        if self.place != Place::Output {
            // rustc has no such type elsewhere.
            self.sound = false;
            return;
        }
        let rule = "must be able to end, so it cannot return `!`";
        self.refuse(never, &format!("{rule}\nhelp: leave the return type out, or return `Result<(), JobError>`"));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        match path.segments.first() {
            Some(first) if first.ident == "Self" => {
                self.refuse(&first.ident, "must not use `Self`\nhelp: name the type");
            }
            _ => visit::visit_path(self, path),
        }
    }

    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        match hidden_borrow(segment) {
            Some(borrowed) => {
                let shown = borrowed.to_token_stream();
                let instead = owned(borrowed).map(|owned| format!("`{owned}` or ")).unwrap_or_default();
                let rule = "must own its data, so it cannot hold a `Cow` that borrows";
                self.refuse(segment, &format!("{rule}\nhelp: use {instead}`Cow<'static, {shown}>`"));
            }
            None => visit::visit_path_segment(self, segment),
        }
    }

    // References in the arguments of a function type are not held by anyone.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}
}

fn is_future(ty: &TypeImplTrait) -> bool {
    ty.bounds.iter().any(|bound| matches!(bound, TypeParamBound::Trait(bound) if last_is(&bound.path, &["Future"])))
}

/// The type of a function that does by hand what `async fn` does: `BoxFuture<..>` or `Pin<Box<dyn Future<..>>>`.
pub(crate) fn is_boxed_future(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let pinned = last_is(&path.path, &["Pin"]) && {
        let mut inside = FindsFuture(false);
        inside.visit_path(&path.path);
        inside.0
    };
    pinned || last_is(&path.path, &["BoxFuture", "LocalBoxFuture"])
}

/// Whether there is a `dyn Future`.
struct FindsFuture(bool);

impl<'ast> Visit<'ast> for FindsFuture {
    fn visit_trait_bound(&mut self, bound: &'ast TraitBound) {
        self.0 |= last_is(&bound.path, &["Future"]);
    }
}

fn last_is(path: &Path, names: &[&str]) -> bool {
    path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
}

/// The `T` of a `Cow<T>`, which borrows although no lifetime is written.
pub(crate) fn hidden_borrow(segment: &PathSegment) -> Option<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) if segment.ident == "Cow" && arguments.args.len() == 1 => {
            match &arguments.args[0] {
                GenericArgument::Type(borrowed) => Some(borrowed),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The owned type to use for a reference to `ty`, where there is an obvious one.
fn owned(ty: &Type) -> Option<String> {
    match ty {
        Type::Slice(slice) => owned(&slice.elem).map(|item| format!("Vec<{item}>")),
        Type::Path(path) if path.path.is_ident("str") => Some("String".to_owned()),
        Type::Path(path) if path.path.is_ident("Path") => Some("PathBuf".to_owned()),
        Type::Path(path) if path.path.get_ident().is_some() => Some(path.to_token_stream().to_string()),
        _ => None,
    }
}
