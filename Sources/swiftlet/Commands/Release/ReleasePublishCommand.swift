import ArgumentParser
import ReleaseAuthoring

struct ReleasePublishCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Bring the broker to the folder's state: what it lacks, the timestamp last.",
    discussion: """
      Where the keeper has signed since, its timestamp and its halts are taken over first. Interrupted, it goes on where it stopped.

      Example: swiftlet release publish fleet --broker mqtts://broker.plant.example --ca ca.pem --username releaser --password-file password
      """)

  @OptionGroup var folder: ReleaseFolderOptions

  @OptionGroup var broker: BrokerOptions

  @Flag(help: "Take off the broker what nothing released needs any more.")
  var sweep = false

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let release = try folder.folder()
    let session = try BrokerSession(broker.settings(for: "release"))
    defer { session.close() }
    defer { if Terminal.showsProgress { Terminal.showProgress("\r\u{1B}[K") } }
    let report = try release.publish(to: session, try folder.keyChain(release), at: .now, sweeping: sweep) { done, total in
      if Terminal.showsProgress { Terminal.showProgress("\rpublished \(done)/\(total) ") }
    }
    guard !json else { return Terminal.show("\(report.json.text)\n") }
    if !report.takenOver.isEmpty { Terminal.show("signed anew, above what the broker had: \(report.takenOver.joined(separator: ", "))\n") }
    Terminal.show(
      "timestamp \(report.timestampVersion): \(report.published.count) files published, \(report.byteCount) bytes; \(report.presentCount) were there\n")
    if sweep { Terminal.show("swept: \(report.swept.count) files\n") }
    for missing in report.waiting { Terminal.note("stays here: \(missing.line)") }
  }
}

extension Publication {
  var json: JSON {
    func list(_ names: [String]) -> JSON { .array(names.map { .string($0) }) }
    return .object([
      ("timestamp", .integer(timestampVersion)), ("published", list(published)), ("bytes", .integer(byteCount)), ("present", .integer(presentCount)),
      ("swept", list(swept)), ("signed", list(takenOver)), ("waiting", .array(waiting.map(\.json))),
    ])
  }
}
