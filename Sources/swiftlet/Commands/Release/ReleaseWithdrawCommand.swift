import ArgumentParser
import ReleaseAuthoring

struct ReleaseWithdrawCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw",
    abstract: "Take a version back; devices that run it return to the highest one that applies to them.",
    discussion: "Example: swiftlet release withdraw fleet surface-defects 1.4.0")

  @OptionGroup var folder: ReleaseFolderOptions

  @Argument(help: "The package's name.")
  var name: String

  @Argument(help: "Its version.")
  var version: String

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let release = try folder.folder()
    let progress = try release.withdraw(name, version, try folder.keyChain(release), at: .now)
    progress.show(release.path, json: json, saying: ["\(name) \(version) is withdrawn; its number never comes again"])
  }
}
