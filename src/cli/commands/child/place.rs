//! The place of a child as documents and pages have it: what it is made for, its size, its index and its path.
//!
//! Knows nothing of secrets.

use fastness::keystore::{ChildApplication, ChildPath, Language};
use serde::Serialize;

/// The place of a child.
#[derive(Serialize)]
pub(super) struct ChildPlace {
    application: &'static str,
    #[serde(flatten)]
    size: Size,
    /// Which one of these children.
    pub(super) index: u32,
    /// As m/83696968'/39'/0'/12'/0'.
    pub(super) path: String,
    /// What it is, in words.
    #[serde(skip)]
    pub(super) what: String,
}

/// The parameters of an application.
#[derive(Serialize)]
#[serde(untagged)]
enum Size {
    Words { word_count: usize, language: Language },
    Bytes { bytes: u8 },
    Characters { characters: u8 },
    Fixed {},
}

impl ChildPlace {
    pub(super) fn of(path: ChildPath) -> Self {
        let application = path.application();
        Self {
            application: application.name(),
            size: size(application),
            index: path.index(),
            path: path.to_string(),
            what: what(application),
        }
    }
}

const fn size(application: ChildApplication) -> Size {
    match application {
        ChildApplication::Words { count, language } => Size::Words { word_count: count.words(), language },
        ChildApplication::Wif | ChildApplication::Xprv => Size::Fixed {},
        ChildApplication::Hex { bytes } => Size::Bytes { bytes },
        ChildApplication::Base64 { characters } | ChildApplication::Base85 { characters } => {
            Size::Characters { characters }
        }
    }
}

fn what(application: ChildApplication) -> String {
    match application {
        ChildApplication::Words { count, language } => format!("{} {language} words", count.words()),
        ChildApplication::Wif => "private key (WIF)".to_owned(),
        ChildApplication::Xprv => "extended private key".to_owned(),
        ChildApplication::Hex { bytes } => format!("{bytes} bytes of hex"),
        ChildApplication::Base64 { characters } => format!("password of {characters} characters (base64)"),
        ChildApplication::Base85 { characters } => format!("password of {characters} characters (base85)"),
    }
}
