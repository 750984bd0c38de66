import ArgumentParser
import ReleaseAuthoring

struct ReleasePromoteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote",
    abstract: "Let all devices take a version: of one channel, or of all that it is staged on.",
    discussion: "Example: swiftlet release promote fleet surface-defects 1.4.0")

  @OptionGroup var folder: ReleaseFolderOptions

  @Argument(help: "The package's name.")
  var name: String

  @Argument(help: "Its version.")
  var version: String

  @Option(help: ArgumentHelp("This channel alone.", valueName: "name"))
  var channel: String?

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let release = try folder.folder()
    let progress = try release.promote(name, version, channel: channel, try folder.keyChain(release), at: .now)
    try progress.showStages(of: name, version, in: release, json: json)
  }
}
