//! The two programs: the same functions, as jobs and as tools.

use std::fmt::Write;

/// What the functions are marked with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flavour {
    Mcpq,
    Rmcp,
}

impl Flavour {
    pub(crate) const BOTH: [Self; 2] = [Self::Mcpq, Self::Rmcp];

    pub(crate) fn crate_name(self, jobs: usize) -> String {
        match self {
            Self::Mcpq => format!("mcpq_{jobs}"),
            Self::Rmcp => format!("rmcp_{jobs}"),
        }
    }

    pub(crate) fn manifest(self, name: &str, root: &str) -> String {
        let own = match self {
            Self::Mcpq => {
                format!(
                    "mcpq = {{ path = \"{root}/mcpq\", default-features = false, features = [\"mcp\", \"validate\"] }}"
                )
            }
            Self::Rmcp => {
                "rmcp = { version = \"3.9\", default-features = false, features = [\"server\", \"macros\"] }".to_owned()
            }
        };
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{own}\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\nschemars = \"1\"\n\
             tokio = {{ version = \"1\", features = [\"rt\", \"macros\"] }}\n"
        )
    }

    /// Every fourth function is told who asks: progress in a job, the request's context in a tool.
    pub(crate) fn source(self, jobs: usize) -> String {
        let mut source = match self {
            Self::Mcpq => MCPQ_HEAD.to_owned(),
            Self::Rmcp => RMCP_HEAD.to_owned(),
        };
        for n in 0..jobs {
            let asks = n % 4 == 0;
            let function = match self {
                Self::Mcpq => job(n, asks),
                Self::Rmcp => tool(n, asks),
            };
            source.push_str(&function);
        }
        match self {
            Self::Mcpq => source.push_str(MCPQ_TAIL),
            Self::Rmcp => {
                source.push_str(RMCP_TAIL);
                source.extend((0..jobs).map(parameters));
            }
        }
        source
    }
}

const MCPQ_HEAD: &str = "
use mcpq::prelude::*;

#[derive(Serialize, JsonSchema)]
struct Report { department: String, rows: u32 }
";

const MCPQ_TAIL: &str = "
#[tokio::main(flavor = \"current_thread\")]
async fn main() {
    let queue = Queue::builder().build().await.unwrap();
    let worker = queue.worker().start();
    assert!(worker.is_ok());
    println!(\"{}\", queue.tools().len());
}
";

fn job(n: usize, asks: bool) -> String {
    let mut function = format!(
        "
/// Generate the quarterly analytics report of kind {n}.
#[mcp_job]
async fn report_{n}(
    /// Department to report on.
    department: String,
    /// How many quarters to include.
    #[arg(default = 4, range(1..=12))]
    quarters: u32,
    /// What to say on the first page.
    note: Option<String>,
"
    );
    let end = ") -> Result<Report, JobError> {\n    let rows = quarters + note.map_or(0, |note| note.len() as u32);\n";
    let (parameter, body) =
        if asks { ("    progress: Progress,\n", "    progress.set_fraction(0.5);\n") } else { ("", "") };
    write!(function, "{parameter}{end}{body}    Ok(Report {{ department, rows }})\n}}\n").unwrap();
    function
}

const RMCP_HEAD: &str = "
use rmcp::{ErrorData, Json, RoleServer, handler::server::wrapper::Parameters, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, JsonSchema)]
struct Report { department: String, rows: u32 }

fn four() -> u32 { 4 }

struct Reports;

#[tool_router]
impl Reports {";

const RMCP_TAIL: &str = "}

#[tokio::main(flavor = \"current_thread\")]
async fn main() {
    println!(\"{}\", Reports::tool_router().list_all().len());
}
";

/// The method of one tool.
fn tool(n: usize, asks: bool) -> String {
    let parameter = if asks { ", context: RequestContext<RoleServer>" } else { "" };
    let body = if asks { "        let _ = context.id;\n" } else { "" };
    format!(
        "
    #[tool(description = \"Generate the quarterly analytics report of kind {n}.\")]
    async fn report_{n}(
        &self,
        Parameters(Report{n} {{ department, quarters, note }}): Parameters<Report{n}>{parameter}
    ) -> Result<Json<Report>, ErrorData> {{
        let rows = quarters + note.map_or(0, |note| note.len() as u32);
{body}        Ok(Json(Report {{ department, rows }}))
    }}
"
    )
}

/// The parameters of one tool.
fn parameters(n: usize) -> String {
    format!(
        "
#[derive(Deserialize, JsonSchema)]
struct Report{n} {{
    /// Department to report on.
    department: String,
    /// How many quarters to include.
    #[serde(default = \"four\")]
    #[schemars(range(min = 1, max = 12))]
    quarters: u32,
    /// What to say on the first page.
    note: Option<String>,
}}
"
    )
}
