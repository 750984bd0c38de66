import ArgumentParser
import Glibc
import ReleaseAuthoring
import Supervision
import Updates

struct ReleaseWatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "What the fleet's devices make of their models, live.",
    discussion: """
      With --folder (or --root) it also knows which devices are still to follow. With --halt-above and the folder's keys it halts \
      packages as the keeper does.

      Examples:
        swiftlet release watch --broker mqtts://broker.plant.example --ca ca.pem --folder fleet
        swiftlet release watch --broker mqtt://localhost --once --json
      """)

  @OptionGroup var broker: BrokerOptions

  @Option(help: ArgumentHelp("The release folder, to know what is pending, and for its keys.", valueName: "folder"))
  var folder: String?

  @Option(help: ArgumentHelp("A trusted root, to know what is pending.", valueName: "file"))
  var root: String?

  @OptionGroup var halting: HaltOptions

  @OptionGroup var passphrase: PassphraseOptions

  @Flag(help: "Show what the devices have told by now, and end.")
  var once = false

  @Flag(help: "One line of JSON a change.")
  var json = false

  func validate() throws {
    guard folder == nil || root == nil else { throw ValidationError("--folder and --root exclude each other") }
    guard halting.haltAbove == nil || folder != nil else { throw ValidationError("--halt-above needs --folder, whose keys it signs with") }
  }

  func run() throws {
    var keeper = try keeper()
    let feed = FleetFeed()
    try ProcessSignals.handle { if $0 == .stop { feed.stop() } }
    var fleet = Fleet()
    let board = FleetBoard(json: json, isLive: Terminal.isInteractive && !json && !once)
    let isHalting = try halting.rule() != nil
    feed.follow(try broker.settings(for: "watch")) { session, messages throws(ReleaseError) in
      for (topic, payload) in messages {
        if topic.hasSuffix("/metadata/timestamp") { keeper?.note(timestamp: payload) } else { _ = fleet.take(topic: topic, payload: payload) }
      }
      do throws(ReleaseError) {
        if isHalting {
          for event in try keeper?.work(fleet, through: session, at: .now) ?? [] { board.say(event) }
        } else {
          try keeper?.look(through: session, at: .now)
        }
      } catch {
        if error.code == .broker { throw error }
        board.complain(error.message)
      }
      board.show(fleet, keeper?.release)
      if once { feed.stop() }
    } onTrouble: { error in
      board.complain(error.message)
      if once { feed.stop() }
    }
    board.end()
    if once, board.lastComplaint != nil { throw CommandFailure("") }
  }

  private func keeper() throws -> Keeper<MetadataMemory>? {
    guard let path = try folder.map({ try ReleaseFolder($0).rootFile }) ?? root else { return nil }
    guard let bytes = contents(of: path) else { throw CommandFailure("\(path) can't be read") }
    let keys = try KeyChain(folder: try folder.map { try ReleaseFolder($0).keys }, passphrase: passphrase.source)
    var plan = KeeperPlan()
    plan.rule = try halting.rule()
    return Keeper(store: MetadataMemory(["root": bytes]), keys: keys, plan: plan)
  }
}
