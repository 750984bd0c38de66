import ArgumentParser
import ReleaseAuthoring

struct ReleaseStageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stage",
    abstract: "Let a share of a channel's devices take a version.",
    discussion: """
      Which devices those are, their names decide; a larger share has the devices of the smaller one among its own.

      Example: swiftlet release stage fleet surface-defects 1.4.0 --channel line-a --share 5%
      """)

  @OptionGroup var folder: ReleaseFolderOptions

  @Argument(help: "The package's name.")
  var name: String

  @Argument(help: "Its version.")
  var version: String

  @Option(help: ArgumentHelp("The channel.", valueName: "name"))
  var channel: String

  @Option(help: ArgumentHelp("The share of its devices, 0% to 100%.", valueName: "percent"))
  var share: String

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let release = try folder.folder()
    let progress = try release.stage(name, version, channel: channel, share: try Share(share), try folder.keyChain(release), at: .now)
    try progress.showStages(of: name, version, in: release, json: json)
  }
}

extension ReleaseProgress {
  /// Where a package stands now; also that it is halted there, which no share overrules.
  func showStages(of name: String, _ version: String, in release: ReleaseFolder, json: Bool) throws {
    let status = try release.status(at: .now)
    guard let package = status.packages.first(where: { $0.name == name && $0.version == version }) else { return }
    show(release.path, json: json, beside: [("package", package.json)], saying: ["\(name) \(version): \(package.stages)"])
    guard let halt = status.halts.first(where: { $0.name == name && $0.version == version }) else { return }
    Terminal.note(
      "\(name) \(version) is halted on \(halt.channels.keys.sorted().joined(separator: ", ")) (\(halt.reason)); no share overrules that: release a new version, "
        + "or lift it: swiftlet release halt \(release.path) \(name) \(version) --lift")
  }
}
