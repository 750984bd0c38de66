import ReleaseAuthoring

extension ReleasedPackage {
  /// "line-a 5%, line-b 100%".
  var stages: String {
    guard !channels.isEmpty else { return "on no channel" }
    return channels.sorted { $0.key < $1.key }.map { "\($0.key) \(Share.text($0.value))" }.joined(separator: ", ")
  }

  var json: JSON {
    .object([
      ("name", .string(name)), ("version", .string(version)), ("release", .integer(release)), ("sha256", .string(digest)), ("bytes", .integer(byteCount)),
      ("agent", agent.map { .string($0) } ?? .null), ("memory", memory.map { .integer($0) } ?? .null), ("channels", channels.jsonByName),
    ])
  }
}

extension [String: Int] {
  var jsonByName: JSON { .object(sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }) }
}

extension Halt {
  var json: JSON {
    .object([("name", .string(name)), ("version", .string(version)), ("channels", channels.jsonByName), ("reason", .string(reason))])
  }
}

extension ReleaseStatus {
  func text(_ folder: String) -> String {
    var text = "role       version  signed by  keys here  expires\n"
    for role in roles {
      text += Self.padded(role.role.rawValue, 11) + Self.padded("\(role.version)", 9) + Self.padded("\(role.threshold) of \(role.keyCount)", 11)
      text += Self.padded("\(role.presentKeyCount)", 11) + role.expires.description + (role.isExpired ? "  EXPIRED" : role.expiresSoon ? "  soon" : "") + "\n"
    }
    if let orders {
      text += Self.padded(ReleaseRole.commands.rawValue, 20) + Self.padded("\(orders.threshold) of \(orders.keyCount)", 11)
      text += Self.padded("\(orders.presentKeyCount)", 11) + "with targets\n"
    }
    text += packages.isEmpty ? "no packages\n" : ""
    for package in packages {
      let halt = halts.first { $0.name == package.name && $0.version == package.version }
      let halted = halt.map { "; halted on \($0.channels.keys.sorted().joined(separator: ", ")): \($0.reason)" } ?? ""
      text += "\(package.name) \(package.version)  release \(package.release), \(package.byteCount) bytes: \(package.stages)\(halted)\n"
    }
    if hasTargetsDraft { text += "the packages are the draft's; they aren't released yet\n" }
    for missing in waiting { text += "not released yet: \(missing.line); add it: swiftlet release sign \(folder) \(missing.role.rawValue) --key FILE\n" }
    return text
  }

  private static func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }

  var json: JSON {
    let roles = roles.map { role in
      (
        role.role.rawValue,
        JSON.object([
          ("version", .integer(role.version)), ("expires", .string(role.expires.description)), ("expired", .boolean(role.isExpired)),
          ("expires_soon", .boolean(role.expiresSoon)), ("bytes", .integer(role.byteCount)), ("keys", .integer(role.keyCount)),
          ("threshold", .integer(role.threshold)), ("keys_here", .integer(role.presentKeyCount)),
        ])
      )
    }
    return .object([
      ("roles", .object(roles)), ("packages", .array(packages.map(\.json))), ("halts", .array(halts.map(\.json))), ("draft", .boolean(hasTargetsDraft)),
      ("waiting", .array(waiting.map(\.json))),
      (
        "orders",
        orders.map {
          JSON.object([("keys", .integer($0.keyCount)), ("threshold", .integer($0.threshold)), ("keys_here", .integer($0.presentKeyCount))])
        } ?? .null
      ),
    ])
  }
}
