import ArgumentParser
import ReleaseAuthoring

struct ReleaseInitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a release folder: keys, and the first metadata.",
    discussion: """
      Lifetimes: root, targets, snapshot and halt 365 days, timestamp 30 days; --lifetime timestamp=14d sets one.

      Example: swiftlet release init fleet --root-keys 3 --root-threshold 2
      """)

  @Argument(help: ArgumentHelp("A folder that isn't there yet.", valueName: "folder"))
  var path: String

  @Option(help: ArgumentHelp("How many root keys there are.", valueName: "n"))
  var rootKeys = 3

  @Option(help: ArgumentHelp("How many of them must sign a new root.", valueName: "n"))
  var rootThreshold = 2

  @Option(help: ArgumentHelp("How many keys releases are signed with.", valueName: "n"))
  var targetsKeys = 1

  @Option(help: ArgumentHelp("How many of them must sign each release.", valueName: "n"))
  var targetsThreshold = 1

  @Option(help: ArgumentHelp("How many keys orders to devices are signed with; 0: nobody gives any.", valueName: "n"))
  var commandsKeys = 1

  @Option(help: ArgumentHelp("How many of them must sign each order.", valueName: "n"))
  var commandsThreshold = 1

  @Option(help: ArgumentHelp("How long a role's metadata hold, as in timestamp=14d; may be repeated.", valueName: "role=time"))
  var lifetime: [String] = []

  @OptionGroup var passphrase: PassphraseOptions

  @Flag(help: "Leave the private keys unencrypted.")
  var unencrypted = false

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    var plan = ReleasePlan()
    (plan.rootKeyCount, plan.rootThreshold) = (rootKeys, rootThreshold)
    (plan.targetsKeyCount, plan.targetsThreshold) = (targetsKeys, targetsThreshold)
    (plan.commandsKeyCount, plan.commandsThreshold) = (commandsKeys, commandsThreshold)
    for text in lifetime { try plan.lifetimes.set(text) }
    let folder = try ReleaseFolder.make(path, plan, passphrase: passphrase.forNewKeys(unencrypted: unencrypted), at: .now)
    guard !json else { return show(try folder.status(at: .now), folder) }
    let whoseOrders = "\(folder.keys.path)/commands-*.pem; who has them pauses and resumes inspections, and rolls models back"
    let orders = commandsKeys == 0 ? "nobody gives any" : whoseOrders
    let offline = (1...rootKeys).map { "root-\($0).pem" }.joined(separator: ", ")
    Terminal.show(
      """
      \(folder.path): ready
      on every device:      \(folder.rootFile), as the file that updates.root names
      take away, offline:   \(folder.keys.path)/\(offline); any \(rootThreshold) of \(rootKeys) sign a new root, each belongs in another place
      keep on this machine: \(folder.keys.path)/targets-*.pem, snapshot-1.pem, timestamp-1.pem
      copy to the keeper:   \(folder.keys.path)/timestamp-1.pem and halt-1.pem
      for orders:           \(orders)
      hold for:             \(ReleaseRole.withMetadata.map { "\($0.rawValue) \(Lifetimes.text(plan.lifetimes[$0]))" }.joined(separator: ", "))

      """)
  }

  private func show(_ status: ReleaseStatus, _ folder: ReleaseFolder) {
    Terminal.show("\(JSON.object([("folder", .string(folder.path)), ("root", .string(folder.rootFile)), ("status", status.json)]).text)\n")
  }
}
