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

  /// What runs the model.
  public enum Backend: String, CaseIterable, Sendable {
    /// The device, where there is one that can and is measured to be faster, else the processor.
    case auto
    case cpu
    /// The first CUDA device; the processor, with a warning, where it can't be had.
    case cuda
  }

  public var name: String
  /// `camera`: a name under `cameras`; required, unless there is `after`. Of a pipeline that follows another, that one's.
  public var camera: String
  /// `after`: a pipeline with a camera; this one looks at its frames only where it found something. Default: none.
  public var after: String?
  /// `crops`: with `after`, what was found is looked at, not the whole frame. Default: the whole frame.
  public var crops: Crops?
  /// `model`: a name in the store (`STORAGE/models`), or a path; required.
  public var model: ModelSource
  /// `lighter`: a package, as `model`, with the same labels that runs in its place while the machine is strained. Default: none.
  public var lighter: ModelSource?
  /// `threshold`: least score of a reported detection, 0 to 1. Default: the package's own.
  public var threshold: Double?
  /// `detections`: which frames give a message. Default: `any`.
  public var reporting: Reporting = .any
  /// `threads`: threads that run the model, 1 to 64. Default: as many as the machine has processors, at most 4.
  public var threads: Int?
  /// `backend`: where the model runs. Default: `cpu`.
  public var backend = Backend.cpu
  /// `budget`: a frame that is older than this before the model sees it is given up, and counted as late. Default: none.
  public var budget: Duration?
  /// `batch`: frames of the cameras whose pipelines run the same model run together. Default: each alone.
  public var batch: Batch?
  /// `still`: what was found is told again, without the model, while the scene doesn't change. Default: every frame is looked at.
  public var still: StillScene?
  /// `frames`: stop after so many processed frames, for trials. Default: none.
  public var frameCount: Int?
  /// `regions`, `lines`, `ignore`, `minimum_area`, `tracking`, `rules` and `parts`: what is decided about frames (docs/rules.md). Default: nothing.
  public var inspection = InspectionSettings()
  /// `gate`: the name under `gates` that parts are rejected by. Default: the only one, where parts are judged.
  public var gate: String?

  /// `crops`: what of another pipeline's detections is looked at.
  public struct Crops: Equatable, Sendable {
    /// `label`: things of this label alone. Default: of any.
    public var label: String?
    /// `score`: the least that they have, 0 to 1. Default: 0.
    public var score: Double = 0
    /// `margin`: how much of a box's width and height is added on each side, 0 to 1. Default: 0.
    public var margin: Double = 0
    /// `limit`: the most of a frame, best first, 1 to 16. Default: 4.
    public var limit = 4

    /// Why nothing would ever be looked at; nil where something may be.
    func mistake(after leader: String, labels: [String]) -> String? {
      guard let label, !labels.contains(label) else { return nil }
      let hint = nearestName(to: label, among: labels).map { "did you mean \"\($0)\"?" } ?? "it has \(labels.prefix(20).joined(separator: ", "))"
      return "the model of \(leader) has no label \"\(label)\"; \(hint)"
    }

    public init(label: String? = nil, score: Double = 0, margin: Double = 0, limit: Int = 4) {
      (self.label, self.score, self.margin, self.limit) = (label, score, margin, limit)
    }
  }

  /// `still`: when a scene counts as unchanged.
  public struct StillScene: Equatable, Sendable {
    /// `difference`: how far a part of the picture may be from the frame that was looked at last, 0.0001 to 0.5. Default: 0.002.
    public var difference: Double = 0.002
    /// `longest`: after this the model looks again in any case, 100 ms to 1 h. Default: 5 s.
    public var longest = Duration.seconds(5)

    public init(difference: Double = 0.002, longest: Duration = .seconds(5)) {
      (self.difference, self.longest) = (difference, longest)
    }
  }

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
    let isFollowing = map["after"] != nil
    if isFollowing, map["camera"] != nil {
      map.report("camera", "pipelines.\(name): looks at another pipeline's frames already; write \"camera\" or \"after\"")
    }
    let camera = isFollowing ? "" : map.required("camera").flatMap { readCamera($0, cameras) }
    // What its leader's model knows is another matter.
    var inspected = InspectionSettings.Surroundings(labels: nil, encoding: encoding)
    let model = map.required("model").flatMap { value -> ModelSource? in
      let model = readModel(value, storage, hasUpdates: hasUpdates, context)
      if context.opensModels, let path = model?.path { (inspected.labels, inspected.threshold) = readPackage(at: path, value) }
      return model
    }
    var settings = PipelineSettings(name: name, camera: camera ?? "", model: model ?? .path(""))
    settings.lighter = map["lighter"].flatMap { readLighter($0, model, storage, context) }
    settings.threshold = map["threshold"]?.float(in: 0...1)
    inspected.threshold = settings.threshold ?? inspected.threshold
    if let reporting = map["detections"]?.choice(of: Reporting.self) { settings.reporting = reporting }
    settings.threads = map["threads"]?.int(in: 1...64)
    if let backend = map["backend"]?.choice(of: Backend.self) { settings.backend = backend }
    settings.frameCount = map["frames"]?.int(in: 1 ... .max)
    settings.after = map["after"]?.string()
    settings.crops = map["crops"].flatMap { $0.mapping(Crops.read) }
    settings.budget = map["budget"]?.duration(in: .milliseconds(1) ... .seconds(60))
    settings.still = map["still"].flatMap { $0.mapping(StillScene.read) }
    settings.batch = map["batch"].flatMap { $0.mapping(Batch.read) }
    if !isFollowing, map["crops"] != nil { map.report("crops", "pipelines.\(name).crops: are of what another pipeline found; add \"after\"") }
    for key in ["frames", "still", "batch", "lighter"] where isFollowing && map[key] != nil {
      map.report(key, "pipelines.\(name).\(key): is decided by the pipeline that it comes after; write it there")
    }
    settings.inspection = InspectionSettings.read(map, pipeline: name, inspected, context)
    settings.gate = map["gate"]?.string()
    if isFollowing {
      for key in ["parts", "gate"] where map[key] != nil {
        map.report(key, "pipelines.\(name).\(key): parts are judged by a pipeline with a camera, which sees all frames; this one comes after another")
      }
    }
    if map["still"] != nil, map["parts"] != nil {
      map.report("still", "pipelines.\(name).still: a part that is told from a frame before wasn't seen; remove \"still\" or \"parts\"")
    }
    return camera == nil || model == nil ? nil : settings
  }

  /// Finds the pipelines that others come after, and gives these their camera.
  /// - Parameter maps: the settings of all pipelines, also of those with a mistake of their own.
  static func connect(_ pipelines: inout [PipelineSettings], _ maps: [String: YAMLMapping], _ context: ConfigurationContext) {
    for index in pipelines.indices {
      guard let leader = pipelines[index].after else { continue }
      let name = pipelines[index].name
      func report(_ problem: String) {
        maps[name]?.report("after", "pipelines.\(name).after: \(problem)")
      }
      guard let found = pipelines.first(where: { $0.name == leader && $0.name != name }) else {
        // A pipeline with a mistake of its own is none that is missing.
        if maps[leader] != nil, leader != name, !pipelines.contains(where: { $0.name == leader }) { continue }
        let others = pipelines.filter { $0.after == nil }.map(\.name)
        let hint = nearestName(to: leader, among: others).map { "did you mean \"\($0)\"?" } ?? "known: \(others.joined(separator: ", "))"
        report("there is no other pipeline \"\(leader)\" that looks; \(hint)")
        continue
      }
      guard found.after == nil else {
        report("\"\(leader)\" comes after another itself; only a pipeline with a camera may be followed")
        continue
      }
      pipelines[index].camera = found.camera
      // An agent says it once more when it has opened the models.
      guard context.opensModels, let crops = pipelines[index].crops, let path = found.model.path else { continue }
      guard let labels = (try? ModelPackage(contentsOf: path))?.manifest.labels, let mistake = crops.mistake(after: leader, labels: labels) else { continue }
      maps[name]?.report("crops", "pipelines.\(name).crops.label: \(mistake)")
    }
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
  private static func readPackage(at path: String, _ value: YAMLValue) -> (labels: [String]?, threshold: Double?) {
    do throws(ModelPackageError) {
      let package = try ModelPackage(contentsOf: path)
      do throws(EdgeAgentError) {
        let processor = try FrameProcessor(package, threshold: nil, threads: 1)
        return (processor.manifest.labels, Double(processor.leastScore))
      } catch { value.report("\(value.path): \(error.message)") }
    } catch { value.report("\(value.path): \(error.description)") }
    return (nil, nil)
  }
}

extension PipelineSettings.Crops {
  static func read(_ map: YAMLMapping) -> Self {
    var crops = Self()
    crops.label = map["label"]?.string()
    crops.score = map["score"]?.float(in: 0...1) ?? crops.score
    crops.margin = map["margin"]?.float(in: 0...1) ?? crops.margin
    crops.limit = map["limit"]?.int(in: 1...16) ?? crops.limit
    return crops
  }
}

extension PipelineSettings.StillScene {
  static func read(_ map: YAMLMapping) -> Self {
    var still = Self()
    still.difference = map["difference"]?.float(in: 0.0001...0.5) ?? still.difference
    still.longest = map["longest"]?.duration(in: .milliseconds(100) ... .seconds(3600)) ?? still.longest
    return still
  }
}
