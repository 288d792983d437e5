use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::report::Report;

/// A file for a report: CSV rows of figure, key and value if its name ends in .csv, else JSON.
///
/// A report replaces the file as a whole, and only after a run that has checked everything. So the file of an earlier run stays
/// if this one fails, or if this process is killed.
pub(super) struct ReportFile {
    path: PathBuf,
    target: Target,
}

enum Target {
    /// A new file, which takes the place of the old one.
    Beside(NamedTempFile),
    /// The file itself, which cannot be replaced: a pipe, or a file in a folder that this user may not write to.
    Itself(File),
}

impl ReportFile {
    /// Prepares the file before the run, so that a file that cannot be written is an error now. Changes nothing.
    pub(super) fn create(path: &Path) -> Result<Self, String> {
        // A link stays a link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let target =
            open(&path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(Self { path, target })
    }

    /// Writes the report. The report of an incomplete run replaces no other one: then it is in a file beside. Returns the path
    /// of that file.
    pub(super) fn write(self, report: &Report) -> Result<Option<PathBuf>, String> {
        let (is_incomplete, has_old) = (report.incomplete.is_some(), self.path.is_file());
        let beside = (is_incomplete && has_old).then(|| with_suffix(&self.path));
        let content = self.content(report);
        let place = beside.as_deref().unwrap_or(&self.path);
        let written = match (&beside, self.target) {
            (Some(beside), _) => content.and_then(|content| fs::write(beside, content)),
            (None, target) => content.and_then(|content| replace(&self.path, target, &content)),
        };
        match written {
            Ok(()) => Ok(beside),
            Err(error) => Err(format!("cannot write {}: {error}", place.display())),
        }
    }

    fn content(&self, report: &Report) -> io::Result<Vec<u8>> {
        let extension = self.path.extension();
        if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            return table(report);
        }
        let mut json = serde_json::to_vec_pretty(report)?;
        json.push(b'\n');
        Ok(json)
    }
}

fn open(path: &Path) -> io::Result<Target> {
    let itself = || OpenOptions::new().write(true).open(path);
    if path.exists() && !path.is_file() {
        return itself().map(Target::Itself);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let beside = tempfile::Builder::new()
        .prefix(".report-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder);
    match beside {
        Ok(beside) => Ok(Target::Beside(beside)),
        Err(error) => itself().map(Target::Itself).map_err(|_| error),
    }
}

fn replace(path: &Path, target: Target, content: &[u8]) -> io::Result<()> {
    match target {
        Target::Beside(mut file) => {
            file.write_all(content)?;
            file.as_file().sync_data()?;
            // A mounted file cannot be replaced.
            match file.persist(path) {
                Ok(_) => Ok(()),
                Err(error) => fs::write(path, content).map_err(|_| error.error),
            }
        }
        Target::Itself(mut file) => {
            if file.metadata()?.is_file() {
                file.set_len(0)?;
            }
            file.write_all(content)
        }
    }
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(".incomplete");
    name.into()
}

fn table(report: &Report) -> io::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["figure", "key", "value"])?;
    for row in report.rows() {
        table.write_record(row.map(harmless))?;
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// A spreadsheet takes a cell that begins like a formula for one, and may even start a program. A quote before it makes it text.
fn harmless(cell: String) -> String {
    let is_number = |cell: &str| {
        let digits = cell.trim_start_matches(['+', '-']);
        !digits.is_empty()
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number(&cell) {
        return format!("'{cell}");
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_are_quoted_and_numbers_are_not() {
        for cell in [
            "=1+1",
            "+A1",
            "-cmd|' /C calc'!A0",
            "@SUM(1)",
            "\t=1",
            "\r=1",
            "-",
            "+",
        ] {
            assert_eq!(harmless(cell.into()), format!("'{cell}"));
        }
        for cell in ["A-1", "-5.00", "12", "", "a=b", "'=1"] {
            assert_eq!(harmless(cell.into()), cell);
        }
    }
}
