use std::ops::Range;

use super::states::Aggregator;

/// Appends the merged state of each span of `tiles`, without ever taking anything out of a state.
///
/// Two stacks: from a point `middle` on, states are merged forward as spans reach them; before it, the merged states of
/// `[start, middle)` are kept for the starts of the spans to come. When a span begins at or after `middle`, its end is the new
/// one. If neither starts nor ends go back, a tile is merged at most twice and a span once.
pub(super) fn slide<A: Aggregator>(
    aggregator: &A,
    tiles: &[A::State],
    spans: &[Range<usize>],
    out: &mut Vec<A::State>,
) {
    out.reserve(spans.len());
    // For the spans from `at` on that begin before `middle`, the last one last.
    let mut before: Vec<A::State> = Vec::new();
    let (mut middle, mut end) = (0, 0);
    let mut after = aggregator.empty();
    let mut last = 0..0;
    for (at, span) in spans.iter().enumerate() {
        let goes_back = span.start < last.start || span.end < last.end;
        last = span.clone();
        if span.is_empty() {
            out.push(aggregator.empty());
            continue;
        }
        if (goes_back || before.is_empty()) && !shares(spans, at) {
            // Of another key than the next one, or the last: nothing is kept.
            let mut merged = aggregator.empty();
            for tile in tiles[span.clone()].iter().rev() {
                aggregator.merge(&mut merged, tile);
            }
            out.push(merged);
            before.clear();
            continue;
        }
        if goes_back || before.is_empty() {
            (middle, end) = (span.end, span.end);
            after = aggregator.empty();
            before = stack(aggregator, tiles, middle, &spans[at..]);
        }
        for tile in &tiles[end..span.end] {
            aggregator.merge(&mut after, tile);
        }
        end = end.max(span.end);
        let mut merged = before.pop().unwrap_or_else(|| aggregator.empty());
        if end > middle {
            aggregator.merge(&mut merged, &after);
        }
        out.push(merged);
    }
}

/// Whether the next span goes on with tiles of this one.
fn shares(spans: &[Range<usize>], at: usize) -> bool {
    let span = &spans[at];
    spans.get(at + 1).is_some_and(|next| {
        let goes_back = next.start < span.start || next.end < span.end;
        !goes_back && next.start < span.end
    })
}

/// The merged states of `[start, middle)` for the starts of the spans that follow each other without going back and begin before
/// `middle`; that of the first span is on top.
fn stack<A: Aggregator>(aggregator: &A, tiles: &[A::State], middle: usize, spans: &[Range<usize>]) -> Vec<A::State> {
    let mut last = 0..0;
    let starts: Vec<usize> = spans
        .iter()
        .take_while(|span| {
            let follows = span.start >= last.start && span.end >= last.end && span.start < middle;
            last = (*span).clone();
            follows
        })
        .filter(|span| !span.is_empty())
        .map(|span| span.start)
        .collect();
    let mut merged = aggregator.empty();
    let mut from = middle;
    let mut stack = Vec::with_capacity(starts.len());
    for start in starts.into_iter().rev() {
        while from > start {
            from -= 1;
            aggregator.merge(&mut merged, &tiles[from]);
        }
        stack.push(merged.clone());
    }
    stack
}
