use super::*;
use wasmill_wire::{Emission as Said, Input, Limits, Packed, Reads, Writer};

fn binding(outputs: &[Option<u16>]) -> Binding {
    Binding { pipeline: "shop".to_owned(), inputs: Vec::new(), outputs: outputs.to_vec(), stores: [].into() }
}

fn answered(records: usize, outputs: &[Option<u16>], write: impl FnOnce(&mut Writer)) -> (Reply, u64) {
    let mut batch = Packed::default();
    for offset in 0..records {
        let input = Input { offset: offset as i64, timestamp: None, key: None, value: Some(b"value") };
        batch.push(Reads::ALL, input, |each| each(b"h", None)).unwrap();
    }
    let mut writer = Writer::default();
    write(&mut writer);
    let answer = writer.finish();
    let limits = Limits { outputs: 3, stores: 0, output_bytes_max: 1 << 20, outputs_per_record_max: 10 };
    let mut decoder = Decoder::default();
    decoder.decode(&batch, limits, &answer.actions, &answer.args, &answer.data).unwrap();
    let mut reply = Reply::default();
    let dropped = fill(&mut reply, &decoder, &binding(outputs), answer.data);
    (reply, dropped)
}

fn said(output: u16) -> Said {
    Said {
        output,
        key: Part::Inherit,
        value: Part::Null,
        inherit_headers: true,
        headers: HeaderList::default(),
        timestamp: Some(7),
        partition: Some(1),
    }
}

#[test]
fn output_numbers_become_the_pipelines() {
    let (reply, dropped) = answered(3, &[Some(5), Some(4), None], |writer| {
        writer.forward(0, &[]);
        writer.emit(&[said(1), said(0)], &[]);
        writer.drop(&[]);
    });
    let outcomes = [Outcome::Forward { output: 5 }, Outcome::Emit { first: 0, count: 2 }, Outcome::Drop];
    assert_eq!((reply.outcomes.as_slice(), dropped), (outcomes.as_slice(), 0));
    let outputs: Vec<u16> = reply.emissions.iter().map(|emission| emission.output).collect();
    assert_eq!(outputs, [4, 5]);
    assert_eq!((reply.emissions[0].timestamp, reply.emissions[0].partition), (Some(7), Some(1)));
}

#[test]
fn what_goes_to_an_output_that_is_not_mapped_is_dropped_and_counted() {
    let (reply, dropped) = answered(3, &[None, Some(0), None], |writer| {
        writer.forward(0, &[]);
        writer.emit(&[said(0), said(1), said(2)], &[]);
        writer.emit(&[said(2)], &[]);
    });
    let outcomes = [Outcome::Drop, Outcome::Emit { first: 0, count: 1 }, Outcome::Emit { first: 1, count: 0 }];
    assert_eq!((reply.outcomes.as_slice(), dropped), (outcomes.as_slice(), 4));
    assert_eq!(reply.emissions[0].output, 0);
}

#[test]
fn headers_point_at_names_and_values_in_the_reply() {
    let own: [(&str, Option<&[u8]>); 3] = [("trace", Some(b"abc")), ("null", None), ("empty", Some(b""))];
    let (reply, _) = answered(2, &[Some(0)], |writer| {
        let first = writer.headers([("one", Some(&b"1"[..]))]);
        let rest = writer.headers(own);
        writer.emit(&[Said { headers: first, ..said(0) }, Said { headers: rest, ..said(0) }], &[]);
        writer.emit(&[said(0)], &[]);
    });
    let seen = |at: usize| -> Vec<(&str, Option<&[u8]>)> {
        let headers = reply.headers(reply.emissions[at].headers).unwrap();
        let name = |span| str::from_utf8(reply.slice(span).unwrap()).unwrap();
        headers.iter().map(|it| (name(it.name), it.value.map(|value| reply.slice(value).unwrap()))).collect()
    };
    assert_eq!((seen(0), seen(1), seen(2)), (vec![("one", Some(&b"1"[..]))], own.to_vec(), Vec::new()));
}

#[test]
fn codes_and_messages_are_where_the_plugin_put_them() {
    let (reply, _) = answered(2, &[], |writer| {
        writer.reject("no-items", "an order needs one");
        writer.retry(30, "later", "");
    });
    let text = |span| str::from_utf8(reply.slice(span).unwrap()).unwrap();
    assert!(matches!(reply.outcomes[0], Outcome::Reject { code, message }
        if text(code) == "no-items" && text(message) == "an order needs one"));
    assert!(matches!(reply.outcomes[1], Outcome::Retry { after_ms: 30, code, message }
        if text(code) == "later" && text(message).is_empty()));
}
