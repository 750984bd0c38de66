/// What the conformance suite of The Update Framework calls the client with.
struct Arguments {
  enum Command {
    case initialise(trustedRoot: String)
    case refresh
    case download
  }

  var metadataFolder = ""
  var metadataURL = ""
  var targetBaseURL = ""
  var targetFolder = ""
  var targetNames: [String] = []
  var command: Command?

  static let usage = """
    Usage: tuf-client --metadata-dir D init ROOT.json
           tuf-client --metadata-dir D --metadata-url U refresh
           tuf-client --metadata-dir D --metadata-url U --target-name T… --target-base-url B --target-dir O download
    """

  /// - Returns: nil for anything else than the usage says.
  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--metadata-dir", "--metadata-url", "--target-name", "--target-base-url", "--target-dir":
        guard let value = rest.popFirst() else { return nil }
        set(argument, value)
      case "init":
        guard let root = rest.popFirst() else { return nil }
        command = .initialise(trustedRoot: root)
      case "refresh": command = .refresh
      case "download": command = .download
      default: return nil
      }
    }
    guard !metadataFolder.isEmpty, let command else { return nil }
    switch command {
    case .initialise: break
    case .refresh: guard !metadataURL.isEmpty else { return nil }
    case .download: guard !metadataURL.isEmpty, !targetBaseURL.isEmpty, !targetFolder.isEmpty, !targetNames.isEmpty else { return nil }
    }
  }

  private mutating func set(_ option: String, _ value: String) {
    switch option {
    case "--metadata-dir": metadataFolder = value
    case "--metadata-url": metadataURL = value
    case "--target-base-url": targetBaseURL = value
    case "--target-dir": targetFolder = value
    default: targetNames.append(value)
    }
  }
}
