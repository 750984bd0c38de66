import ArgumentParser
import ReleaseAuthoring

/// When packages are halted.
struct HaltOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Halt a package on a channel when more than this share of the devices that tried it failed.", valueName: "percent"))
  var haltAbove: String?

  @Option(help: ArgumentHelp("And not before so many devices have tried it.", valueName: "n"))
  var least = 5

  func rule() throws -> HaltRule? {
    guard let haltAbove else { return nil }
    return try HaltRule(limit: try Share(haltAbove), leastCount: least)
  }
}

extension KeeperEvent {
  var line: String {
    switch self {
    case .trusting(let timestamp, let count): "timestamp \(timestamp) is on the broker, \(count) packages are released"
    case .renewed(let timestamp, let expires): "timestamp \(timestamp) is published, it holds until \(expires)"
    case .halted(let rollout, let reason, let timestamp):
      "\(rollout.name) \(rollout.version) is HALTED on \(rollout.channel) (timestamp \(timestamp)): \(reason)"
    }
  }

  var json: JSON {
    switch self {
    case .trusting(let timestamp, let count): .object([("event", .string("trusting")), ("timestamp", .integer(timestamp)), ("packages", .integer(count))])
    case .renewed(let timestamp, let expires):
      .object([("event", .string("renewed")), ("timestamp", .integer(timestamp)), ("expires", .string(expires.description))])
    case .halted(let rollout, let reason, let timestamp):
      .object([
        ("event", .string("halted")), ("timestamp", .integer(timestamp)), ("name", .string(rollout.name)), ("version", .string(rollout.version)),
        ("channel", .string(rollout.channel)), ("reason", .string(reason)),
      ])
    }
  }

  func show(json isJSON: Bool) { Terminal.show(isJSON ? "\(json.text)\n" : "\(line)\n") }
}
