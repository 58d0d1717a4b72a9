//! The image of one program: it, what it is linked to, and nothing else; no
//! shell, no packages, nothing that has to be kept up to date beside it.

use std::path::Path;

use crate::{Config, ImageError, Layout, Written, libraries};

/// Where it is in the image.
const AT: &str = "/usr/local/bin";

/// Where the program looks for its phases, compiled.
const COMPILED: &str = "/usr/local/share/slackwater/compiled";

/// Whom it runs as where nobody says otherwise: nobody's, and of the group that
/// clusters give to users of their own choice (OpenShift: any user, group 0).
const USER: &str = "65532:0";

/// Those who sign servers' certificates: where Debian has them, and where its
/// OpenSSL looks for them (`OPENSSLDIR`).
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
const CERTIFICATES_OF_OPENSSL: &str = "/usr/lib/ssl/cert.pem";

/// Names of users, for what asks.
const PASSWD: &str = "root:x:0:0:root:/:/\nslackwater:x:65532:0:slackwater:/:/\n";

/// Writes it into a folder. `compiled` is what the program has compiled of its
/// phases (`slackwater compile`), which it then finds in the image
/// (`site::COMPILED`) and need not do while a mirror is held.
///
/// # Errors
/// A file that can't be read or written.
pub fn image_of(
    program: &Path,
    compiled: &Path,
    folder: &Path,
    name: &str,
) -> Result<Written, ImageError> {
    let file = program.file_name().unwrap_or_default();
    let at = Path::new(AT).join(file);
    let mut layout = Layout::create(folder)?;
    // What rarely changes is below what does.
    layout.layer(|layer| {
        layer.open_directory(Path::new("/tmp"))?;
        layer.text(Path::new("/etc/passwd"), PASSWD)?;
        let certificates = Path::new(CERTIFICATES);
        if certificates.is_file() {
            layer.file(certificates, certificates)?;
            layer.link(Path::new(CERTIFICATES_OF_OPENSSL), certificates)?;
        }
        let mut libraries = libraries(program)?;
        libraries.sort();
        libraries.iter().try_for_each(|path| layer.file(path, path))
    })?;
    layout.layer(|layer| {
        layer.file(&at, program)?;
        layer.folder(Path::new(COMPILED), compiled)
    })?;
    let config = Config {
        entrypoint: vec![at.display().to_string()],
        environment: vec![format!("PATH={AT}")],
        user: USER.to_owned(),
        ..Config::default()
    };
    layout.finish(&config, &[name])
}
