//! A report in steps: what an async job looks like that waits more than it computes.

use std::time::Duration;

use mcpq::prelude::*;

/// One quarter of a report.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Quarter {
    /// 1 is the oldest.
    quarter: u32,
    orders: u64,
    revenue: u64,
}

/// A department's quarters and their sums.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Report {
    department: String,
    quarters: Vec<Quarter>,
    total_orders: u64,
    total_revenue: u64,
}

/// Write a sales report of one department, quarter by quarter. The figures are samples, the same for every run. Takes
/// about 0.3 s a quarter.
#[mcp_job(timeout = 120, max_retries = 2)]
async fn generate_report(
    /// Department to report on.
    #[arg(length(1..=100), example = "Engineering")]
    department: String,
    /// How many quarters to include.
    #[arg(default = 4, range(1..=12))]
    quarters: u32,
    progress: Progress,
    cancel: CancelToken,
) -> Result<Report, JobError> {
    let mut report = Report { department, quarters: Vec::new(), total_orders: 0, total_revenue: 0 };
    for number in 1..=quarters {
        cancel.check()?;
        let quarter = load(&report.department, number).await;
        report.total_orders += quarter.orders;
        report.total_revenue += quarter.revenue;
        report.quarters.push(quarter);
        progress.report(number, quarters).message(format!("Q{number} loaded"));
    }
    Ok(report)
}

/// Stands for a slow query.
async fn load(department: &str, quarter: u32) -> Quarter {
    tokio::time::sleep(Duration::from_millis(300)).await;
    let seed: u64 = department.bytes().map(u64::from).sum();
    let orders = 500 + (seed * u64::from(quarter)) % 750;
    Quarter { quarter, orders, revenue: orders * 129 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_report_sums_its_quarters() {
        let progress = Progress::new();
        let report = generate_report("Sales".to_owned(), 3, progress.clone(), CancelToken::new()).await.unwrap();
        assert_eq!(report.quarters.len(), 3);
        assert_eq!(report.total_orders, report.quarters.iter().map(|quarter| quarter.orders).sum::<u64>());
        assert_eq!(progress.fraction(), 1.0);
    }
}
