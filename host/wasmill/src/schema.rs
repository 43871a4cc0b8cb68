//! `wasmill config schema`: the JSON Schema of the configuration, for editors.

use crate::output;

/// Prints it. For VS Code and others that use the YAML language server, put this on top of the configuration:
/// `# yaml-language-server: $schema=wasmill.schema.json`.
pub(crate) fn schema() -> anyhow::Result<()> {
    output::data(&format!("{:#}\n", wasmill_config::schema()))
}
