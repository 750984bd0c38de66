import ArgumentParser
import ReleaseAuthoring

struct ReleaseRotateKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-key",
    abstract: "Put a new key in an old one's place; devices follow by themselves.",
    discussion: """
      For root, targets, snapshot and timestamp this makes a new root, which needs root keys; for halt and commands it needs the targets key.

      Examples:
        swiftlet release rotate-key fleet timestamp --key /media/a/root-1.pem --key /media/b/root-2.pem
        swiftlet release rotate-key fleet root --old root-3
      """)

  @OptionGroup var folder: ReleaseFolderOptions

  @Argument(help: "root, targets, snapshot, timestamp, halt or commands.")
  var role: String

  @Option(help: ArgumentHelp("The key that goes, where the role has several, as in root-3.", valueName: "name"))
  var old: String?

  @Flag(help: "Leave the new private key unencrypted.")
  var unencrypted = false

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    guard let role = ReleaseRole(rawValue: role) else {
      throw CommandFailure("'\(self.role)' is no role; expected \(ReleaseRole.list())", status: .wrongUse)
    }
    let release = try folder.folder()
    let keys = try folder.keyChain(release)
    let rotated = try release.rotate(role, replacing: old, passphrase: try folder.passphrase.forNewKeys(unencrypted: unencrypted), keys, at: .now)
    rotated.progress.show(
      release.path, json: json, beside: [("new_key", .string(rotated.newKeyFile)), ("old_key", rotated.oldKeyFile.map { .string($0) } ?? .null)],
      saying: [
        rotated.oldKeyFile.map {
          "\(rotated.newKeyFile) takes the place of \($0); once that is published, destroy the old one"
            + (role == .timestamp || role == .halt ? ", and give the keeper the new one" : "")
        } ?? "\(rotated.newKeyFile) is the first key for \(role.rawValue); publish"
      ])
  }
}
