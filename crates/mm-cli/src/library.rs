//! Where the photo library is that `mm index` and `mm search` use.

use std::{
    env,
    path::{Path, PathBuf},
};

use mm_library::store::Store;

use crate::output::CommandError;

/// The app's identifier, which names its data folder: `mm` and the app share one library.
const APP: &str = "org.mobilemultimodal.desktop";
/// Replaces the app's data folder.
const DATA_VARIABLE: &str = "MM_APP_DATA";

/// `--db`, or the app's database.
pub fn database(named: Option<&Path>) -> Result<PathBuf, CommandError> {
    if let Some(path) = named {
        return Ok(path.to_path_buf());
    }
    let replaced = env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = replaced.or_else(|| dirs::data_dir().map(|data| data.join(APP)));
    let data = data.ok_or_else(|| {
        CommandError::Usage(
            "this system names no folder for data; say where the library is with --db".to_owned(),
        )
    })?;
    Ok(Store::default_path(&data))
}
