use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;

/// What a scan read and what it could leave out, from DataFusion's own metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ScanMetrics {
    /// Bytes read of files.
    pub bytes_scanned: u64,
    /// Files that could be left out: by the time of their folder, or by that of their rows.
    pub files_pruned: u64,
    /// Files that were opened.
    pub files_matched: u64,
    /// Folders whose time could be left out; their files count too.
    pub partitions_pruned: u64,
    /// Row groups that the filter ruled out by their statistics.
    pub row_groups_pruned: u64,
    /// Row groups read.
    pub row_groups_matched: u64,
    /// Rows that page statistics ruled out.
    pub page_rows_pruned: u64,
}

impl ScanMetrics {
    /// Adds up two scans.
    pub fn add(&mut self, other: &Self) {
        let Self {
            bytes_scanned,
            files_pruned,
            files_matched,
            partitions_pruned,
            row_groups_pruned,
            row_groups_matched,
            page_rows_pruned,
        } = other;
        self.bytes_scanned += bytes_scanned;
        self.files_pruned += files_pruned;
        self.files_matched += files_matched;
        self.partitions_pruned += partitions_pruned;
        self.row_groups_pruned += row_groups_pruned;
        self.row_groups_matched += row_groups_matched;
        self.page_rows_pruned += page_rows_pruned;
    }
}

/// Adds up the scans of a plan that has run.
pub fn scan_metrics(plan: &Arc<dyn ExecutionPlan>) -> ScanMetrics {
    let mut total = ScanMetrics::default();
    if let Some(metrics) = plan.metrics() {
        for metric in metrics.iter() {
            use datafusion::physical_plan::metrics::MetricValue;
            match metric.value() {
                MetricValue::Count { name, count } if name == "bytes_scanned" => {
                    total.bytes_scanned += count.value() as u64
                }
                MetricValue::PruningMetrics { name, pruning_metrics } => {
                    let (pruned, matched) = (pruning_metrics.pruned() as u64, pruning_metrics.matched() as u64);
                    match name.as_ref() {
                        "files_ranges_pruned_statistics" => total.files_pruned += pruned,
                        "row_groups_pruned_statistics" => {
                            total.row_groups_pruned += pruned;
                            total.row_groups_matched += matched;
                        }
                        "page_index_rows_pruned" => total.page_rows_pruned += pruned,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
    for child in plan.children() {
        total.add(&scan_metrics(child));
    }
    total
}
