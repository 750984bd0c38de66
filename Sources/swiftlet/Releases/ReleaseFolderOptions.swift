import ArgumentParser
import Glibc
import ReleaseAuthoring
import Updates

/// The release folder, and what opens its keys.
struct ReleaseFolderOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The release folder.", valueName: "folder"))
  var path: String

  @OptionGroup var passphrase: PassphraseOptions

  @Option(help: ArgumentHelp("A private key that lies elsewhere, as on a stick; may be repeated.", valueName: "file"))
  var key: [String] = []

  /// The folder, which this process alone changes from now on.
  func folder() throws -> ReleaseFolder {
    let folder = try ReleaseFolder(path)
    try folder.lockUntilExit()
    return folder
  }

  func keyChain(_ folder: ReleaseFolder) throws -> KeyChain { try KeyChain(folder: folder.keys, files: key, passphrase: passphrase.source) }
}

extension DateTime {
  /// The system's time.
  static var now: DateTime { DateTime(seconds: Int64(time(nil))) }
}

extension ReleaseProgress {
  func show(_ folder: String, json: Bool, beside members: [(String, JSON)] = [], saying lines: [String] = []) {
    guard !json else { return Terminal.show("\(JSON.object(members + self.members).text)\n") }
    for line in lines { Terminal.show("\(line)\n") }
    for missing in waiting { Terminal.show("not released yet: \(missing.line); add it: swiftlet release sign \(folder) \(missing.role.rawValue) --key FILE\n") }
    if !written.isEmpty { Terminal.show("signed: \(written.joined(separator: ", "))\n") }
  }

  private var members: [(String, JSON)] {
    [("signed", .array(written.map { .string($0) })), ("waiting", .array(waiting.map(\.json)))]
  }
}

extension MissingSignatures {
  var json: JSON {
    .object([
      ("role", .string(role.rawValue)), ("version", .integer(version)), ("lacks", .integer(count)), ("keys", .array(keyFiles.map { .string($0) })),
    ])
  }
}
