import ModelManifest
import YAMLReading

extension PipelineSettings {
  /// `batch`: how frames of several cameras share a run of the model.
  public struct Batch: Equatable, Sendable {
    /// `most`: frames of a run, 2 to 16. Default: 4.
    public var most = 4
    /// `wait`: for how long a frame waits for others at most, 1 to 100 ms. Default: 4 ms.
    public var wait = Duration.milliseconds(4)

    public init(most: Int = 4, wait: Duration = .milliseconds(4)) { (self.most, self.wait) = (most, wait) }

    static func read(_ map: YAMLMapping) -> Self {
      var batch = Self()
      batch.most = map["most"]?.int(in: 2...16) ?? batch.most
      batch.wait = map["wait"]?.duration(in: .milliseconds(1) ... .milliseconds(100)) ?? batch.wait
      return batch
    }
  }

  /// Says what keeps pipelines with `batch` from running together.
  static func checkBatches(_ pipelines: [PipelineSettings], _ maps: [String: YAMLMapping], _ context: ConfigurationContext) {
    for pipeline in pipelines {
      guard let batch = pipeline.batch, let map = maps[pipeline.name] else { continue }
      if let other = pipelines.first(where: { $0.after == pipeline.name }) {
        map.report("batch", "pipelines.\(pipeline.name).batch: \(other.name) comes after it, and looks at its frames one by one; remove \"batch\" or \"after\"")
        continue
      }
      if pipeline.backend != .cpu {
        map.report("batch", "pipelines.\(pipeline.name).batch: frames share a run on the processor alone; remove \"batch\" or \"backend\"")
        continue
      }
      let others = pipelines.filter { $0.name != pipeline.name && $0.model == pipeline.model }
      if let other = others.first(where: { $0.batch != nil && $0.batch != batch }) {
        map.report("batch", "pipelines.\(pipeline.name).batch: \(other.name) runs the same model with another \"batch\"; write the same at both")
      } else if others.allSatisfy({ $0.batch == nil }) {
        context.warn(map["batch"], "pipelines.\(pipeline.name).batch: no other pipeline with \"batch\" runs this model; its frames run alone")
      }
      guard context.opensModels, let path = pipeline.model.path, let package = try? ModelPackage(contentsOf: path) else { continue }
      do throws(EdgeAgentError) {
        _ = try FrameBatch(
          package, like: try FrameProcessor(package, threshold: nil, threads: 1), batch, threads: 1, members: 1 + others.count { $0.batch == batch })
      } catch  where error.code == .configuration {
        map.report("batch", "pipelines.\(pipeline.name).batch: \(error.message)")
      } catch {}
    }
  }
}
