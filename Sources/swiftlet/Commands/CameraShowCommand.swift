import ArgumentParser
import CPUExecution
import Capture
import EdgeAgent
import Glibc
import LocalPage
import ModelManifest
import ObjectDetection
import Supervision

struct CameraShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "A camera's formats and controls, the frame rate and latency that it truly delivers, its focus and exposure.",
    discussion: """
      The camera is a device, a source as configurations name it, or, with --config, a name in a configuration.

      Examples:
        swiftlet camera show /dev/video0
        swiftlet camera show top --config /etc/swiftlet/swiftlet.yaml
        swiftlet camera show simulated:conveyor --seconds 2
        swiftlet camera show v4l2:/dev/video0 --page --model surface-defects.swiftlet
      """)

  @Argument(help: "A device, a source or a name.")
  var name: String

  @Option(help: ArgumentHelp("The configuration that names the camera.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("How long to watch; 0 doesn't open the stream. By default 3, with --page until interrupted.", valueName: "n"))
  var seconds: Double?

  @Flag(help: "Show the picture and the figures in a browser on this machine, to aim and focus by.")
  var page = false

  @Option(help: ArgumentHelp("Where the page is; this machine's own addresses only. Port 0 is any free one.", valueName: "address"))
  var listen = "127.0.0.1:9465"

  @Option(help: ArgumentHelp("A package whose detections are drawn into the picture.", valueName: "file"))
  var model: String?

  @Flag(help: "One line of JSON.")
  var json = false

  func validate() throws {
    if let seconds { guard (0...86_400).contains(seconds) else { throw ValidationError("--seconds must be 0 to 86400") } }
    if model != nil, !page { throw ValidationError("--model draws into the picture of --page") }
  }

  func run() throws {
    let (source, settings) = try camera()
    let device = try devicePath(of: source).map { try CameraDevice(path: $0) }
    var members: [(String, JSON)] = [("source", .string(source))]
    if let device {
      members.append(("device", CameraReport(device).json))
      if !json { Terminal.show(CameraReport(device).text) }
    }
    // A page stays until somebody ends it, unless told otherwise.
    let seconds = seconds ?? (page ? Self.endless : 3)
    if seconds > 0 {
      let (measurement, report) = try watch(source, settings, for: .milliseconds(Int64(seconds * 1000)))
      members.append(("delivered", measurement.json))
      members.append(("image", report.figures.map { Self.json($0) } ?? .null))
      if !json { Terminal.show(measurement.text + (report.figures.map { Self.text($0) } ?? "")) }
      guard measurement.frameCount > 0 else {
        if json { Terminal.show("\(JSON.object(members).text)\n") }
        throw CommandFailure("\(source) delivered no frame: \(measurement.state)")
      }
    }
    if json { Terminal.show("\(JSON.object(members).text)\n") }
  }

  private static let endless = 1e9

  /// Until the time is over, or a signal ends it.
  private func watch(_ source: String, _ settings: CameraSettings, for duration: Duration) throws -> (CameraMeasurement, AimingDesk.Report) {
    let model = try model.map { try VisionModel<CPUBackend>(try ModelPackage(contentsOf: $0), options: CPUOptions(threads: 1)) }
    let camera = try openCamera(source, settings: settings)
    defer { camera.stop() }
    try ProcessSignals.handle { signal in if signal == .stop { camera.stop() } }
    let desk = try AimingDesk(draws: page, model)
    defer { desk.end() }
    var limits = PageLimits()
    limits.connections = 8
    let server = page ? try PageServer(try address(), AimingPage.routes(desk, source), limits: limits) : nil
    defer { server?.stop() }
    if let server { Terminal.note("the picture is at http://localhost:\(server.port)/ until Ctrl-C") }
    let measurement = CameraMeasurement.measure(camera, for: duration, desk: desk)
    desk.end()
    return (measurement, desk.current)
  }

  /// Nobody else is to see what a camera sees.
  private func address() throws -> PageAddress {
    let address: PageAddress
    do { address = try PageAddress(parsing: listen) } catch { throw CommandFailure(error.message, status: .wrongUse) }
    guard address.isLoopback else {
      throw CommandFailure(
        "--listen: the picture is for this machine only; from another one look through SSH: ssh -L 9465:localhost:PORT DEVICE", status: .wrongUse)
    }
    return address
  }

  private static func text(_ figures: ImageFigures) -> String {
    let percent = { (share: Double) in "\(DemoTable.decimal(100 * share, 1)) %" }
    return """
      focus      \(DemoTable.decimal(figures.focus, 1))  (variance of the Laplacian: the sharpest image has the most)
      exposure   mean \(DemoTable.decimal(figures.mean, 0)) of 255  \(percent(figures.black)) black  \(percent(figures.white)) white\(figures.advice.map { "  \($0)" } ?? "")

      """
  }

  private static func json(_ figures: ImageFigures) -> JSON {
    .object([
      ("focus", .number(figures.focus)), ("mean", .number(figures.mean)), ("black", .number(figures.black)), ("white", .number(figures.white)),
      ("advice", figures.advice.map { .string($0) } ?? .null),
    ])
  }

  /// What to open and how.
  private func camera() throws -> (source: String, settings: CameraSettings) {
    guard let config else { return (name.hasPrefix("/") ? "v4l2:\(name)" : name, CameraSettings()) }
    let reading = AgentConfiguration.read(path: config)
    guard let configuration = reading.configuration else {
      throw CommandFailure(reading.mistakes.first?.description ?? "\(config) can't be read")
    }
    guard let camera = configuration.cameras.first(where: { $0.name == name }) else {
      let names = configuration.cameras.map(\.name).joined(separator: ", ")
      throw CommandFailure("\(config) has no camera \"\(name)\"; it has: \(names)")
    }
    return (camera.source.description, camera.settings)
  }

  private func devicePath(of source: String) -> String? {
    source.hasPrefix("v4l2:") ? String(source.dropFirst(5)) : nil
  }
}
