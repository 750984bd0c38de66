public import ModelManifest
import ObjectDetection

/// What runs a pipeline's model, and why.
public struct BackendChoice: Equatable, Sendable {
  public enum Engine: String, Sendable {
    case cpu
    case cuda
  }

  /// As the configuration has it.
  public var wanted = PipelineSettings.Backend.cpu
  public var engine = Engine.cpu
  /// For a person.
  public var reason = "as configured"
  /// What is wrong with a device that was to run the model, where that isn't the model's doing; it runs on the processor then.
  public var trouble: String?
  /// Whether the model itself keeps the device from running it: there is no kernel or no room for what it needs, or it is no faster there.
  var isModelsDoing = false

  public init(wanted: PipelineSettings.Backend = .cpu) { self.wanted = wanted }

  /// Whether what was asked for isn't what runs.
  public var isSecondBest: Bool { trouble != nil || wanted == .cuda && engine == .cpu }
}

extension BackendChoice {
  /// Chooses as an agent would that starts now on this machine.
  /// - Throws: `model`, where the package isn't one that a camera's frames can go through.
  public static func onThisMachine(for package: ModelPackage, _ settings: PipelineSettings) throws(EdgeAgentError) -> BackendChoice {
    try FrameProcessor(package, settings, devices: ComputeDevices()).backend
  }
}

extension BackendChoice {
  /// What somebody is to be told of: nil where what was asked for runs.
  var alarm: String? { isSecondBest ? trouble ?? reason : nil }

  /// Says what was chosen, where there was a choice.
  func tell(of pipeline: String, _ log: AgentLog) {
    guard wanted != .cpu else { return }
    let place = engine == .cuda ? "the CUDA device" : "the processor"
    let level: AgentLog.Level = isSecondBest ? .warning : .notice
    log.change(level, of: "backend \(pipeline)", to: "pipeline \(pipeline): backend \(wanted.rawValue): the model runs on \(place): \(reason)")
  }
}
