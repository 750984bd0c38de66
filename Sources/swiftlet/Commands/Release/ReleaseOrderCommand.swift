import ArgumentParser
import ReleaseAuthoring
import Updates

struct ReleaseOrderCommand: ParsableCommand {
  /// What devices obey with the signature of a commands key alone.
  enum Order: String, ExpressibleByArgument, CaseIterable {
    case pause, resume
    case rollBack = "roll-back"
  }

  static let configuration = CommandConfiguration(
    commandName: "order",
    abstract: "Tell devices to pause or resume their inspection, or to go back to a model's previous version; signed.",
    discussion: """
      A device obeys what its mqtt.commands lists, once, before the order expires, and only with the signature that the released metadata ask
      for. One that is away finds the order at the broker until it expires. Answers aren't signed: look at a line before you reach into it.

      Examples:
        swiftlet release order fleet pause --device plant-a/line-3 --of surface --reason "new tool" --broker mqtts://broker.plant.example --ca ca.pem
        swiftlet release order fleet roll-back --device plant-a/line-3 --of surface-defects --broker mqtts://broker.plant.example --ca ca.pem
      """)

  @OptionGroup var folder: ReleaseFolderOptions

  @Argument(help: "pause, resume or roll-back.")
  var order: Order

  @Option(help: ArgumentHelp("A device; may be repeated.", valueName: "site/device"))
  var device: [String] = []

  @Option(
    name: .customLong("of"), help: ArgumentHelp("The pipeline to pause or resume, by default all; the model to go back with, always needed.", valueName: "name")
  )
  var subject: String?

  @Option(help: ArgumentHelp("Why, for those who look after the devices.", valueName: "text"))
  var reason: String?

  @Option(help: ArgumentHelp("How long it may take to reach its device: 1 to 1440 minutes.", valueName: "minutes"))
  var expires = 10

  @Option(help: ArgumentHelp("How long answers are waited for; 0 leaves at once.", valueName: "seconds"))
  var wait = 30

  @OptionGroup var broker: BrokerOptions

  @Flag(help: "One line of JSON.")
  var json = false

  func validate() throws {
    guard !device.isEmpty else { throw ValidationError("name at least one device: --device SITE/DEVICE") }
    guard Set(device).count == device.count else { throw ValidationError("a device is named twice") }
    guard order != .rollBack || subject != nil else { throw ValidationError("roll-back needs the model's name: --of NAME") }
    guard (reason ?? "").unicodeScalars.count <= 200 else { throw ValidationError("--reason: at most 200 characters") }
    guard (1...1440).contains(expires) else { throw ValidationError("--expires: expected 1 to 1440 minutes") }
    guard (0...86_400).contains(wait) else { throw ValidationError("--wait: expected 0 to 86400 seconds") }
  }

  func run() throws {
    let release = try folder.folder()
    let keys = try folder.keyChain(release)
    let session = try BrokerSession(broker.settings(for: "order"))
    defer { session.close() }
    let now = DateTime.now
    let commands = try release.sign(
      CommandOrder(order.rawValue, of: subject, reason: reason), for: device, until: DateTime(seconds: now.seconds + Int64(expires) * 60), keys, at: now)
    let answers = try session.give(commands, waiting: .seconds(wait), at: now)
    show(answers, counter: commands[0].counter, until: commands[0].expires)
    guard wait > 0 else { return }
    let rest = answers.count { !$0.isDone }
    if rest > 0 { throw CommandFailure("done by \(answers.count - rest) of \(answers.count) devices") }
  }

  private func show(_ answers: [CommandAnswer], counter: Int, until expiry: DateTime) {
    guard !json else {
      let devices = answers.map { answer in
        JSON.object([
          ("device", .string(answer.device)), ("outcome", answer.outcome.map { .string($0) } ?? (wait == 0 ? .string("sent") : .null)),
          ("reason", answer.reason.map { .string($0) } ?? .null),
        ])
      }
      return Terminal.show(
        "\(JSON.object([("order", .string(order.rawValue)), ("counter", .integer(counter)), ("expires", .string(expiry.description)), ("devices", .array(devices))]).text)\n"
      )
    }
    for answer in answers {
      let absence = "no answer: no such device is there, or it obeys no orders (its mqtt.commands); if it comes before \(expiry), it may obey"
      let silence = wait == 0 ? "sent" : absence
      Terminal.show("\(answer.device): \(answer.outcome ?? silence)\(answer.reason.map { ": \($0)" } ?? "")\n")
    }
  }
}
