import CYAML

extension YAMLNode {
  /// Parses one document. Anchors and aliases are followed; tags, merge keys' meaning and further documents are not supported.
  ///
  /// - Parameter file: The name that errors carry.
  /// - Throws: `syntax`, `empty`, `limit` or `duplicateKey`, with the line.
  public static func parse(_ bytes: [UInt8], file: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> YAMLNode {
    guard bytes.count <= limits.byteCount else {
      throw YAMLError(.limit, file: file, line: 0, column: 0, "is larger than \(limits.byteCount) bytes; settings are a few kilobytes")
    }
    let parsed: Result<YAMLNode, YAMLError> = unsafe bytes.withUnsafeBufferPointer { buffer in
      var events = unsafe YAMLEvents(buffer, file: file)
      var builder = TreeBuilder(file: file, limits: limits)
      do throws(YAMLError) { return .success(try builder.document(&events)) } catch { return .failure(error) }
    }
    return try parsed.get()
  }
}

/// Turns events into a tree, within the limits.
private struct TreeBuilder {
  let file: String
  let limits: YAMLLimits
  /// Finished anchored values with the number of values that each stands for.
  private var anchors: [String: (node: YAMLNode, count: Int)] = [:]
  private var nodeCount = 0

  init(file: String, limits: YAMLLimits) {
    self.file = file
    self.limits = limits
  }

  mutating func document(_ events: inout YAMLEvents) throws(YAMLError) -> YAMLNode {
    var root: YAMLNode?
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd:
        guard let root else { throw error(.empty, event, "is empty") }
        return root
      case .structure: continue
      default:
        guard root == nil else { throw error(.syntax, event, "a second document begins here; one file holds one document") }
        root = try node(event, &events, depth: 1)
      }
    }
  }

  private mutating func node(_ event: YAMLEvent, _ events: inout YAMLEvents, depth: Int) throws(YAMLError) -> YAMLNode {
    guard depth <= limits.depth else { throw error(.limit, event, "is nested more than \(limits.depth) levels deep") }
    if event.hasTag { throw error(.syntax, event, "tags (!…) are not supported; write the value without one") }
    let before = nodeCount
    try count(1, event)
    let content: YAMLNode.Content
    switch event.kind {
    case .alias(let name):
      guard let target = anchors[name] else { throw error(.syntax, event, "the alias *\(name) has no finished anchor &\(name) before it") }
      try count(target.count, event)
      return target.node
    case .scalar(let scalar): content = .scalar(scalar)
    case .sequenceStart: content = .sequence(try sequence(&events, depth: depth))
    case .mappingStart: content = .mapping(try mapping(&events, depth: depth))
    case .sequenceEnd, .mappingEnd, .streamEnd, .structure: throw error(.syntax, event, "a value was expected here")
    }
    let node = YAMLNode(content, line: event.line, column: event.column)
    if let anchor = event.anchor { anchors[anchor] = (node, nodeCount - before) }
    return node
  }

  private mutating func sequence(_ events: inout YAMLEvents, depth: Int) throws(YAMLError) -> [YAMLNode] {
    var items: [YAMLNode] = []
    while true {
      let event = try events.next()
      if case .sequenceEnd = event.kind { return items }
      items.append(try node(event, &events, depth: depth + 1))
    }
  }

  private mutating func mapping(_ events: inout YAMLEvents, depth: Int) throws(YAMLError) -> [YAMLEntry] {
    var entries: [YAMLEntry] = []
    var lines: [String: Int] = [:]
    while true {
      let event = try events.next()
      if case .mappingEnd = event.kind { return entries }
      let keyNode = try node(event, &events, depth: depth + 1)
      guard case .scalar(let key) = keyNode.content else { throw error(.syntax, event, "a key must be plain text") }
      if let first = lines[key.text] { throw error(.duplicateKey, event, "\"\(key.text)\" is set twice (first on line \(first)); remove one") }
      lines[key.text] = event.line
      let value = try node(try events.next(), &events, depth: depth + 1)
      entries.append(YAMLEntry(key: key.text, line: event.line, column: event.column, value: value))
    }
  }

  private mutating func count(_ values: Int, _ event: YAMLEvent) throws(YAMLError) {
    nodeCount += values
    if nodeCount > limits.nodeCount { throw error(.limit, event, "holds more than \(limits.nodeCount) values, aliases counted in full") }
  }

  private func error(_ code: YAMLError.Code, _ event: YAMLEvent, _ message: String) -> YAMLError {
    YAMLError(code, file: file, line: event.line, column: event.column, message)
  }
}
