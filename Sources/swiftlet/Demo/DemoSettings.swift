import Capture
import EdgeAgent
import Glibc
import MQTTTransport
import ModelManifest

/// What the demo's options come to.
struct DemoSettings: Sendable {
  let configuration: AgentConfiguration
  let package: ModelPackage
  /// For the table's first line.
  let title: String

  init(_ command: DemoCommand) throws {
    package = try Self.package(command.model)
    var camera = CameraSettings(seed: command.seed)
    camera.frameRate = command.frameRate > 0 ? command.frameRate : .infinity
    var pipeline = PipelineSettings(name: "surface", camera: "line", modelPath: command.model ?? "")
    pipeline.frameCount = command.frames
    pipeline.threads = command.threads
    var configuration = AgentConfiguration(
      device: DeviceSettings(identifier: "demo", site: "demo"), storage: StorageSettings(path: command.storage ?? Self.defaultFolder),
      cameras: [NamedCamera(name: "line", source: .conveyor, settings: camera)], pipelines: [pipeline])
    configuration.mqtt = try Self.broker(command.broker)
    self.configuration = configuration
    title = "swiftlet demo · simulated:conveyor · \(package.manifest.name) \(package.manifest.version)"
  }

  private static func package(_ path: String?) throws -> ModelPackage {
    guard let path else { return try DemoModel.open() }
    let package = try ModelPackage(contentsOf: path)
    try checkLabels(of: package, path)
    return package
  }

  /// What a model finds must be something that the line shows, or every score of it would be 0.
  static func checkLabels(of package: ModelPackage, _ path: String) throws {
    let shown = ConveyorScene.labels
    guard !package.manifest.labels.contains(where: shown.contains) else { return }
    let found = package.manifest.labels.isEmpty ? "has no labels" : "finds \(package.manifest.labels.prefix(4).joined(separator: ", "))…"
    throw CommandFailure(
      "\(path) \(found), the simulated line shows \(shown.joined(separator: ", ")): try it on images (swiftlet infer) or a camera (swiftlet run)",
      status: .wrongUse)
  }

  private static func broker(_ url: String?) throws -> MQTTSettings? {
    guard let url else {
      return answers(port: 1883) ? MQTTSettings(broker: BrokerAddress(host: "localhost", port: 1883, usesTLS: false)) : nil
    }
    do { return MQTTSettings(broker: try BrokerAddress(parsing: url)) } catch { throw CommandFailure(error.message, status: .wrongUse) }
  }

  /// Whether something listens on this machine's loopback port; the kernel answers at once.
  private static func answers(port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
        unsafe connect(descriptor, target, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  /// `$XDG_STATE_HOME/swiftlet/demo`, or the same under `~/.local/state`.
  private static var defaultFolder: String {
    if let state = environmentVariable("XDG_STATE_HOME"), state.hasPrefix("/") { return "\(state)/swiftlet/demo" }
    if let home = environmentVariable("HOME"), home.hasPrefix("/") { return "\(home)/.local/state/swiftlet/demo" }
    return "/tmp/swiftlet-demo-\(getuid())"
  }
}
