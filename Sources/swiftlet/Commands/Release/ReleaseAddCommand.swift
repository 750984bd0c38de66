import ArgumentParser
import ReleaseAuthoring

struct ReleaseAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Take a package into the release: check it, cut it into blocks, sign.",
    discussion: """
      Without --channel no device takes it until it is staged.

      Example: swiftlet release add fleet surface-defects.swiftlet --channel line-a --share 5%
      """)

  @OptionGroup var folder: ReleaseFolderOptions

  @Argument(help: "The package.")
  var package: String

  @Option(help: ArgumentHelp("The version, in place of the manifest's.", valueName: "version"))
  var version: String?

  @Option(help: ArgumentHelp("The oldest agent that may run it.", valueName: "version"))
  var agent: String?

  @Option(help: ArgumentHelp("A channel whose devices may take it.", valueName: "name"))
  var channel: String?

  @Option(help: ArgumentHelp("The share of the channel's devices (100% by default).", valueName: "percent"))
  var share: String?

  @Flag(help: "One line of JSON.")
  var json = false

  func validate() throws {
    guard share == nil || channel != nil else { throw ValidationError("--share needs --channel") }
  }

  func run() throws {
    let release = try folder.folder()
    var options = PackageOptions()
    (options.version, options.agent) = (version, agent)
    if let channel { options.channels[channel] = try share.map { text throws(ReleaseError) in try Share(text) } ?? .all }
    let added = try release.add(package, options, try folder.keyChain(release), at: .now)
    let facts = added.package
    if let twin = added.twin {
      Terminal.note("\(facts.version) has the same bytes as \(twin): devices that run that one have nothing new, and nothing to go back to")
    }
    if !added.hasGoldenOutputs { Terminal.note("the package has no golden outputs: devices test only that it gives numbers; swiftlet inspect says why") }
    added.progress.show(
      release.path, json: json,
      beside: [
        ("package", facts.json), ("blocks", .integer(added.blockCount)), ("new_blocks", .integer(added.newBlockCount)),
        ("download_bytes", .integer(added.downloadByteCount)), ("new_bytes", .integer(added.newByteCount)),
      ],
      saying: [
        "\(facts.name) \(facts.version) is release \(facts.release): \(facts.byteCount) bytes in \(added.blockCount) blocks, \(added.downloadByteCount) to fetch, "
          + "of which \(added.newByteCount) in \(added.newBlockCount) blocks are new to this folder",
        facts.channels.isEmpty
          ? "on no channel yet: swiftlet release stage \(release.path) \(facts.name) \(facts.version) --channel C --share 5%" : facts.stages,
      ])
  }
}
