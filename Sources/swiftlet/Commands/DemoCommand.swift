import ArgumentParser
import Capture
import EdgeAgent
import Glibc
import ModelManifest
import Supervision

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Watch the whole agent work on a simulated inspection line, with nothing configured.",
    discussion: """
      A simulated line, the built-in model, results in the terminal and the local outbox; they are published, too, if a broker \
      answers on localhost:1883 or at --broker.

      Examples:
        swiftlet demo
        swiftlet demo --seconds 0 --broker mqtt://broker.example
        swiftlet demo --write-dataset line --frames 500
      """)

  @Option(help: ArgumentHelp("End after so many seconds; 0 runs until interrupted.", valueName: "n"))
  var seconds = 30

  @Option(help: ArgumentHelp("End after so many frames; with --write-dataset, how many images (default 500).", valueName: "n"))
  var frames: Int?

  @Option(help: ArgumentHelp("Another seed is another line.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("A package in place of the built-in one.", valueName: "file"))
  var model: String?

  @Option(help: ArgumentHelp("Frames a second; 0 simulates as fast as it can.", valueName: "n"))
  var frameRate = 30.0

  @Option(help: ArgumentHelp("Threads that run the model.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Publish to this broker; by default to localhost:1883 if one answers there.", valueName: "url"))
  var broker: String?

  @Option(help: ArgumentHelp("Folder of the local outbox.", valueName: "folder"))
  var storage: String?

  @Option(help: ArgumentHelp("Write a labelled data set of the simulated line instead.", valueName: "folder"))
  var writeDataset: String?

  @Flag(help: "Nothing but one line of JSON at the end.")
  var json = false

  func validate() throws {
    guard seconds >= 0 else { throw ValidationError("--seconds must be 0 or more") }
    if let frames, frames < 1 { throw ValidationError("--frames must be 1 or more") }
    guard (0...1000).contains(frameRate) else { throw ValidationError("--frame-rate must be 0 to 1000") }
    if let threads, !(1...64).contains(threads) { throw ValidationError("--threads must be 1 to 64") }
  }

  func run() async throws {
    if let folder = writeDataset { return try write(to: folder) }
    try await runLine()
  }

  private func write(to folder: String) throws {
    var options = ConveyorOptions()
    options.seed = seed
    let count = frames ?? 500
    try OutputFolder.checkEmpty(folder)
    // A PPM file's pixels, and a label of at most a page.
    try OutputFolder.checkRoom(for: count, of: options.width * options.height * 3 + 4096, in: folder)
    try ConveyorScene.writeDataset(to: folder, count: count, options: options)
    Terminal.show("\(folder): \(count) images with labels, seed \(seed)\n")
  }

  private func runLine() async throws {
    let settings = try DemoSettings(self)
    let board = DemoBoard()
    var options = AgentOptions()
    let package = settings.package
    options.openModel = { _, _ throws(EdgeAgentError) in package }
    options.onResult = { board.add($0) }
    let agent = Agent(options: options, log: AgentLog(name: "swiftlet", least: .warning))
    try ProcessSignals.handle { signal in if signal == .stop { agent.stop() } }
    let display = DemoDisplay(agent: agent, board: board, settings: settings, isSilent: json)
    let showing = Task { await display.run() }
    let ending = Task { [seconds] in
      guard seconds > 0 else { return }
      try await Task.sleep(for: .seconds(seconds))
      agent.stop()
    }
    defer { ending.cancel() }
    do { try await agent.run(settings.configuration) } catch {
      showing.cancel()
      await showing.value
      throw error
    }
    showing.cancel()
    await showing.value
    Terminal.show(json ? "\(display.summaryJSON.text)\n" : display.summary)
  }
}
