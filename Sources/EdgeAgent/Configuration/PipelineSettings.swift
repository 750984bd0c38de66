public import Inspection
import ModelManifest
import Updates
import YAMLReading

/// `pipelines.NAME`: a camera, a model, and what becomes of the results. The name is part of the topics; `state`, `health`,
/// `models` and `command` are taken.
public struct PipelineSettings: Equatable, Sendable {
  /// Which frames give a message.
  public enum Reporting: String, CaseIterable, Sendable {
    /// Frames with at least one detection.
    case any
    /// Every processed frame.
    case all
  }

  public var name: String
  /// `camera`: a name under `cameras`; required.
  public var camera: String
  /// `model`: a name in the store (`STORAGE/models`), or a path; required.
  public var model: ModelSource
  /// `threshold`: least score of a reported detection, 0 to 1. Default: the package's own.
  public var threshold: Double?
  /// `detections`: which frames give a message. Default: `any`.
  public var reporting: Reporting = .any
  /// `threads`: threads that run the model, 1 to 64. Default: as many as the machine has processors, at most 4.
  public var threads: Int?
  /// `frames`: stop after so many processed frames, for trials. Default: none.
  public var frameCount: Int?
  /// `regions`, `lines`, `ignore`, `minimum_area`, `tracking`, `rules` and `parts`: what is decided about frames (docs/rules.md). Default: nothing.
  public var inspection = InspectionSettings()
  /// `gate`: the name under `gates` that parts are rejected by. Default: the only one, where parts are judged.
  public var gate: String?

  /// Where a pipeline's package lies.
  public enum ModelSource: Equatable, Sendable {
    case path(String)
    /// The store's active package, else `FOLDER/NAME.swiftlet`: which one that is may change at any time.
    case named(String, folder: String)

    /// The package's path now; nil where there is none yet.
    public var path: String? {
      switch self {
      case .path(let path): path
      case .named(let name, let folder):
        PackageStore.activePath(models: folder, name: name)
          ?? ((try? checkReadable("\(folder)/\(name).swiftlet")) == nil ? nil : "\(folder)/\(name).swiftlet")
      }
    }

    /// The name in the store; nil for a path, which updates leave alone.
    public var name: String? {
      if case .named(let name, _) = self { name } else { nil }
    }
  }

  public init(name: String, camera: String, modelPath: String) {
    self.init(name: name, camera: camera, model: .path(modelPath))
  }

  init(name: String, camera: String, model: ModelSource) {
    self.name = name
    self.camera = camera
    self.model = model
  }

  static let reservedNames = ["state", "health", "models", "command"]

  static func read(
    _ map: YAMLMapping, name: String, cameras: [String], storage: StorageSettings, hasUpdates: Bool, encoding: MQTTSettings.Encoding,
    _ context: ConfigurationContext
  ) -> PipelineSettings? {
    var inspected = InspectionSettings.Surroundings(labels: nil, encoding: encoding)
    let camera = map.required("camera").flatMap { readCamera($0, cameras) }
    let model = map.required("model").flatMap { value -> ModelSource? in
      let model = readModel(value, storage, hasUpdates: hasUpdates, context)
      if context.opensModels, let path = model?.path { inspected.labels = readLabels(ofPackageAt: path, value) }
      return model
    }
    var settings = PipelineSettings(name: name, camera: camera ?? "", model: model ?? .path(""))
    settings.threshold = map["threshold"]?.float(in: 0...1)
    if let reporting = map["detections"]?.choice(of: Reporting.self) { settings.reporting = reporting }
    settings.threads = map["threads"]?.int(in: 1...64)
    settings.frameCount = map["frames"]?.int(in: 1 ... .max)
    settings.inspection = InspectionSettings.read(map, pipeline: name, inspected, context)
    settings.gate = map["gate"]?.string()
    return camera == nil || model == nil ? nil : settings
  }

  private static func readCamera(_ value: YAMLValue, _ cameras: [String]) -> String? {
    guard let name = value.string() else { return nil }
    guard cameras.contains(name) else {
      let hint = nearestName(to: name, among: cameras).map { "did you mean \"\($0)\"?" } ?? "known: \(cameras.joined(separator: ", "))"
      value.report("\(value.path): there is no camera \"\(name)\"; \(hint)")
      return nil
    }
    return name
  }

  /// A name of letters, digits, `-`, `_` is one in the store; anything with `/` or `.` is a path.
  static func readModel(
    _ value: YAMLValue, _ storage: StorageSettings, hasUpdates: Bool, _ context: ConfigurationContext
  ) -> ModelSource? {
    guard let text = value.string() else { return nil }
    let isName = isIdentifier(text)
    let model = isName ? ModelSource.named(text, folder: storage.modelsFolder) : .path(context.resolve(text))
    let path = model.path ?? "\(storage.modelsFolder)/\(text).swiftlet"
    do { try checkReadable(path) } catch {
      // The fleet will bring it.
      if isName, hasUpdates { return model }
      let hint = isName ? "copy the package there, or write its path" : "compile one with: swiftlet compile MODEL.onnx -o \(text)"
      value.report("\(value.path): \(error.message); \(hint)")
      return nil
    }
    return model
  }

  /// Opens the package; what it can tell of. Reports why it can't serve a pipeline: damaged, for another machine, or without a word on images and
  /// results.
  private static func readLabels(ofPackageAt path: String, _ value: YAMLValue) -> [String]? {
    do throws(ModelPackageError) {
      let package = try ModelPackage(contentsOf: path)
      do throws(EdgeAgentError) { return try FrameProcessor(package, threshold: nil, threads: 1).manifest.labels } catch {
        value.report("\(value.path): \(error.message)")
      }
    } catch { value.report("\(value.path): \(error.description)") }
    return nil
  }
}
