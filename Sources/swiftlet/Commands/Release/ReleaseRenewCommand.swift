import ArgumentParser
import ReleaseAuthoring

struct ReleaseRenewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew",
    abstract: "Sign the metadata anew before they expire: all but the root, or the root alone.",
    discussion: """
      Examples:
        swiftlet release renew fleet
        swiftlet release renew fleet --root --key /media/a/root-1.pem --key /media/b/root-2.pem
      """)

  @OptionGroup var folder: ReleaseFolderOptions

  @Flag(help: "The root, which its keys must sign.")
  var root = false

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let release = try folder.folder()
    try release.renew(root: root, try folder.keyChain(release), at: .now).show(release.path, json: json)
  }
}
