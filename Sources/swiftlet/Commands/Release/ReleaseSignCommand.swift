import ArgumentParser
import ReleaseAuthoring

struct ReleaseSignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Add one signature to a draft that needs several.",
    discussion: """
      A draft with all its signatures is released at once, as far as the other roles' keys are at hand.

      Example: swiftlet release sign fleet root --key /media/stick/root-2.pem
      """)

  @Argument(help: ArgumentHelp("The release folder.", valueName: "folder"))
  var path: String

  @Argument(help: "root or targets.")
  var role: String

  @Option(help: ArgumentHelp("The key that signs.", valueName: "file"))
  var key: String

  @OptionGroup var passphrase: PassphraseOptions

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    guard let role = ReleaseRole(rawValue: role), role == .root || role == .targets else {
      throw CommandFailure("'\(self.role)' has no drafts; expected root or targets", status: .wrongUse)
    }
    let release = try ReleaseFolder(path)
    try release.lockUntilExit()
    let keys = try KeyChain(folder: release.keys, passphrase: passphrase.source)
    let progress = try release.sign(role, with: key, keys, at: .now)
    progress.show(release.path, json: json, saying: ["\(key) has signed the draft of \(role.rawValue)"])
  }
}
