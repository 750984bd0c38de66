import ArgumentParser
import Capture
import EdgeAgent
import Glibc

struct CameraShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "A camera's formats and controls, and the frame rate and latency that it truly delivers.",
    discussion: """
      The camera is a device, a source as configurations name it, or, with --config, a name in a configuration.

      Examples:
        swiftlet camera show /dev/video0
        swiftlet camera show top --config /etc/swiftlet/swiftlet.yaml
        swiftlet camera show simulated:conveyor --seconds 2
      """)

  @Argument(help: "A device, a source or a name.")
  var name: String

  @Option(help: ArgumentHelp("The configuration that names the camera.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("How long to measure; 0 doesn't open the stream.", valueName: "n"))
  var seconds = 3.0

  @Flag(help: "One line of JSON.")
  var json = false

  func validate() throws {
    guard (0...3600).contains(seconds) else { throw ValidationError("--seconds must be 0 to 3600") }
  }

  func run() throws {
    let (source, settings) = try camera()
    let device = try devicePath(of: source).map { try CameraDevice(path: $0) }
    var members: [(String, JSON)] = [("source", .string(source))]
    if let device {
      members.append(("device", CameraReport(device).json))
      if !json { Terminal.show(CameraReport(device).text) }
    }
    if seconds > 0 {
      let measurement = try CameraMeasurement.measure(source, settings: settings, for: .milliseconds(Int64(seconds * 1000)))
      members.append(("delivered", measurement.json))
      if !json { Terminal.show(measurement.text) }
      guard measurement.frameCount > 0 else {
        if json { Terminal.show("\(JSON.object(members).text)\n") }
        throw CommandFailure("\(source) delivered no frame in \(DemoTable.decimal(seconds, 1)) s: \(measurement.state)")
      }
    }
    if json { Terminal.show("\(JSON.object(members).text)\n") }
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
