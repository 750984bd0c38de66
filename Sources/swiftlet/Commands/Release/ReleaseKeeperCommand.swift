import ArgumentParser
import Glibc
import ReleaseAuthoring
import Supervision
import Updates

struct ReleaseKeeperCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keeper",
    abstract: "Keep a release alive beside the broker: renew its timestamp, and halt packages that fail.",
    discussion: """
      The folder holds root.json at first, and then what the keeper trusts; it belongs to one keeper alone. Of keys it needs the \
      timestamp's and the halt role's: with these nobody adds a package or widens a stage. Without --halt-above it only renews.

      Example: swiftlet release keeper --metadata /var/lib/swiftlet-keeper --broker mqtts://broker.plant.example --ca ca.pem \
      --timestamp-key timestamp-1.pem --halt-key halt-1.pem --halt-above 10% --least 5
      """)

  @Option(help: ArgumentHelp("The keeper's own folder, with root.json in it.", valueName: "folder"))
  var metadata: String

  @Option(help: ArgumentHelp("The timestamp role's private key.", valueName: "file"))
  var timestampKey: String

  @Option(help: ArgumentHelp("The halt role's private key.", valueName: "file"))
  var haltKey: String

  @Option(help: ArgumentHelp("Renew the timestamp so long before it expires.", valueName: "time"))
  var renewBefore = "10d"

  @Option(help: ArgumentHelp("How long a role's metadata hold, as in timestamp=14d; may be repeated.", valueName: "role=time"))
  var lifetime: [String] = []

  @OptionGroup var halting: HaltOptions

  @OptionGroup var broker: BrokerOptions

  @OptionGroup var passphrase: PassphraseOptions

  @Flag(help: "One line of JSON an event.")
  var json = false

  func run() throws {
    let keys = try KeyChain(folder: nil, files: [timestampKey, haltKey], passphrase: passphrase.source)
    var keeper = Keeper(store: try store(), keys: keys, plan: try plan())
    let feed = FleetFeed()
    try ProcessSignals.handle { if $0 == .stop { feed.stop() } }
    var fleet = Fleet()
    var lastTrouble = ""
    feed.follow(try broker.settings(for: "keeper")) { session, messages throws(ReleaseError) in
      for (topic, payload) in messages {
        if topic.hasSuffix("/metadata/timestamp") { keeper.note(timestamp: payload) } else { _ = fleet.take(topic: topic, payload: payload) }
      }
      for event in try keeper.work(fleet, through: session, at: .now) { event.show(json: json) }
      lastTrouble = ""
    } onTrouble: { error in
      if error.message != lastTrouble { Terminal.complain(error.message) }
      lastTrouble = error.message
    }
  }

  private func store() throws -> MetadataFolder {
    guard contents(of: "\(metadata)/root.json") != nil else {
      throw CommandFailure("\(metadata)/root.json can't be read: put the release folder's last metadata/N.root.json there under this name")
    }
    return MetadataFolder(metadata)
  }

  private func plan() throws -> KeeperPlan {
    var plan = KeeperPlan()
    plan.rule = try halting.rule()
    for text in lifetime { try plan.lifetimes.set(text) }
    guard let before = Lifetimes.seconds(of: renewBefore), before < plan.lifetimes[.timestamp] else {
      throw CommandFailure("--renew-before \(renewBefore): expected days or hours below the timestamp's lifetime, as in 10d", status: .wrongUse)
    }
    plan.renewBefore = before
    return plan
  }
}
