use sandglass_guest::prelude::*;

pub fn filter() -> Transformation {
    let columns = || {
        [
            column::int64("id"),
            column::float64("amount").nullable(),
            column::utf8("name").nullable(),
        ]
    };
    Transformation::row("filter")
        .input(Input::new("rows", columns()))
        .parameter(Parameter::float64("limit").default(0.5))
        .output(columns())
        .run(|context, batch| {
            let limit = context.float64("limit")?;
            Ok(Output::retain_by(batch, batch.float64("amount")?, |amount| {
                amount > limit
            }))
        })
}

pub fn fan_out() -> Transformation {
    Transformation::row("fan_out")
        .input(Input::new("rows", [column::int64("count"), column::utf8("word")]))
        .output([column::int64("place"), column::utf8("word")])
        .emit(|_, batch, out| {
            let (counts, words) = (batch.int64("count")?, batch.utf8("word")?);
            for row in 0..batch.rows() {
                let (count, word) = (counts.value(row as usize), words.value(row as usize));
                if count > 100_000 {
                    return Err(Error::input(format!("{count} copies are too many")).row(row));
                }
                if count < 0 {
                    out.reject(row, format!("{count} copies"));
                }
                for place in 0..count {
                    out.emit(row, (place, word))?;
                }
            }
            Ok(())
        })
}

pub fn speaks() -> Transformation {
    Transformation::row("speaks")
        .doc("Logs, rejects and fails as its rows say.")
        .input(Input::new("rows", [column::utf8("word"), column::utf8("text")]))
        .output([column::utf8("word")])
        .emit(|_, batch, out| {
            let (words, texts) = (batch.utf8("word")?, batch.utf8("text")?);
            for row in 0..batch.rows() {
                let (word, text) = (words.value(row as usize), texts.value(row as usize));
                match word {
                    "debug" => sandglass_guest::debug!("{text}"),
                    // There is no standard output without a system.
                    "info" | "print" => sandglass_guest::info!("{text}"),
                    "warn" => sandglass_guest::warn!("{text}"),
                    "error" => sandglass_guest::error!("{text}"),
                    "reject" => {
                        out.reject(row, text);
                        continue;
                    }
                    "input" => return Err(Error::input(text).row(row)),
                    "parameter" => return Err(Error::parameter(text).row(row)),
                    "internal" => return Err(Error::new(text).row(row)),
                    "crash" => sandglass_guest::info!("{}", words.value(batch.rows() as usize)),
                    _ => {}
                }
                out.emit(row, (word,))?;
            }
            Ok(())
        })
}
