import Capture
import EdgeAgent
import Foundation
import MQTTTransport
import ModelManifest
import ObjectDetection
import TestBroker
import TestPackages

extension Recorder {
  /// Waits on a thread of its own: the agent under test needs the few threads that tasks run on.
  func eventually(_ isEnough: @escaping @Sendable ([Element]) -> Bool) async -> Bool {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: self.wait(until: isEnough)) }
    }
  }
}

/// An agent on the simulated line with the fixed package, and what it saw.
final class AgentTrial: Sendable {
  let folder: TemporaryFolder
  let agent: Agent
  let seen = Recorder<Seen>()
  let lines = Recorder<String>()

  struct Seen: Sendable, Equatable {
    var pipeline: String
    var labels: [String]
    var hasTruth: Bool
    var boxes: [Box] = []
    var frame: UInt64 = 0
    var isReused = false
    var leftOut = 0

    /// Which frames, and where things are in them, is the concern of few tests.
    static func == (left: Self, right: Self) -> Bool {
      left.pipeline == right.pipeline && left.labels == right.labels && left.hasTruth == right.hasTruth
    }
  }

  init(_ adjust: (inout AgentOptions) -> Void = { _ in }) throws {
    folder = try TemporaryFolder()
    var options = AgentOptions()
    options.openModel = { settings, _ throws(EdgeAgentError) in
      do throws(ModelPackageError) { return try ModelPackage(FixedPackage.bytes(), origin: "fixed") } catch {
        throw EdgeAgentError(.model, error.description)
      }
    }
    options.onResult = { [seen] result in
      seen.append(
        Seen(
          pipeline: result.pipeline.name, labels: result.detections.map { result.pipeline.label($0.label) }, hasTruth: result.groundTruth?.isEmpty == false,
          boxes: result.detections.map(\.box), frame: result.frameNumber, isReused: result.isReused, leftOut: result.leftOut))
    }
    adjust(&options)
    agent = Agent(options: options, log: AgentLog(name: "test", showsPriority: false) { [lines] in lines.append($0) })
  }

  /// Fast enough that nobody waits, small enough to be cheap.
  func configuration(frames: Int? = nil, broker: String? = nil) throws -> AgentConfiguration {
    var camera = CameraSettings(size: (160, 120))
    camera.frameRate = 100
    var pipeline = PipelineSettings(name: "surface", camera: "line", modelPath: "")
    pipeline.frameCount = frames
    pipeline.threads = 1
    var configuration = AgentConfiguration(
      device: DeviceSettings(identifier: "d", site: "s"), storage: StorageSettings(path: folder.path + "/state/deep"),
      cameras: [NamedCamera(name: "line", source: .conveyor, settings: camera)], pipelines: [pipeline])
    if let broker { configuration.mqtt = MQTTSettings(broker: try BrokerAddress(parsing: broker)) }
    return configuration
  }
}
