import CYAML

/// One step of libyaml's parser, copied out of its memory.
struct YAMLEvent {
  enum Kind {
    case scalar(YAMLScalar)
    case alias(String)
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd
    case streamEnd
    /// Stream and document marks that carry no value.
    case structure
  }

  var kind: Kind
  var anchor: String?
  var hasTag: Bool
  /// Both count from 1.
  var line: Int
  var column: Int
}

/// libyaml's event parser over borrowed bytes.
@safe struct YAMLEvents: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let file: String

  /// - Parameter bytes: UTF-8 text that outlives this value.
  init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) {
    unsafe parser = .allocate(capacity: 1)
    unsafe parser.initialize(to: yaml_parser_t())
    self.file = file
    precondition(unsafe yaml_parser_initialize(parser) == 1, "no memory for the YAML parser")
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
  }

  mutating func next() throws(YAMLError) -> YAMLEvent {
    var raw = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &raw) == 1 else { throw problem() }
    defer { unsafe yaml_event_delete(&raw) }
    var event = unsafe YAMLEvent(
      kind: .structure, anchor: nil, hasTag: false, line: Int(raw.start_mark.line) + 1, column: Int(raw.start_mark.column) + 1)
    switch unsafe raw.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe raw.data.scalar
      let text = unsafe String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      event.kind = unsafe .scalar(YAMLScalar(text: text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE))
      event.anchor = unsafe Self.text(scalar.anchor)
      event.hasTag = unsafe scalar.tag != nil
    case YAML_ALIAS_EVENT: event.kind = unsafe .alias(Self.text(raw.data.alias.anchor) ?? "")
    case YAML_SEQUENCE_START_EVENT:
      event.kind = .sequenceStart
      event.anchor = unsafe Self.text(raw.data.sequence_start.anchor)
      event.hasTag = unsafe raw.data.sequence_start.tag != nil
    case YAML_MAPPING_START_EVENT:
      event.kind = .mappingStart
      event.anchor = unsafe Self.text(raw.data.mapping_start.anchor)
      event.hasTag = unsafe raw.data.mapping_start.tag != nil
    case YAML_SEQUENCE_END_EVENT: event.kind = .sequenceEnd
    case YAML_MAPPING_END_EVENT: event.kind = .mappingEnd
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: event.kind = .streamEnd
    default: break
    }
    return event
  }

  private func problem() -> YAMLError {
    let parser = unsafe parser.pointee
    let what = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "can't be read as YAML"
    var context = unsafe parser.context.map { unsafe " \(String(cString: $0))" } ?? ""
    // What isn't closed is noticed lines later.
    let (begin, end) = unsafe (parser.context_mark.line, parser.problem_mark.line)
    if !context.isEmpty, begin < end { context += " that begins on line \(begin + 1)" }
    guard unsafe parser.error != YAML_READER_ERROR else {
      return unsafe YAMLError(.syntax, file: file, line: 0, column: 0, "is not UTF-8 text: \(what) at byte \(parser.problem_offset)")
    }
    let mark = unsafe parser.problem_mark
    return YAMLError(.syntax, file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1, "\(what)\(context)\(Self.advice(what))")
  }

  /// What a person most likely did where the parser says this.
  private static func advice(_ problem: String) -> String {
    switch problem {
    case "mapping values are not allowed in this context", "could not find expected ':'":
      "; here or in the line before a colon with a space behind it is missing, or the indentation differs"
    case "found character that cannot start any token": "; indent with spaces, not tabs, and quote what begins with %, @ or `"
    case "did not find expected <document start>": "; one of the lines before is neither \"key: value\" nor a part of one"
    default: ""
    }
  }

  private static func text(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    guard let bytes = unsafe bytes else { return nil }
    return unsafe String(decodingCString: bytes, as: UTF8.self)
  }
}
