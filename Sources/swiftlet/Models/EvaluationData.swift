import Imaging
import ModelManifest
import ObjectDetection

/// Labelled images for a model, as `compile` and `evaluate` take them.
enum EvaluationData {
  /// Reads a data set, and says on standard error what of it doesn't count.
  /// - Parameters:
  ///   - form: how labels lie; nil finds it out.
  ///   - model: what messages call the model.
  /// - Throws: before any label is looked at where the data set is labelled for another task than the model's.
  static func load(
    _ path: String, form: EvaluateCommand.LabelForm?, for model: String, task: Manifest.Task, labels: [String]
  ) throws -> LabelledDataset {
    guard task == .detection || task == .classification else {
      let kind = task == .raw ? "raw tensors" : task.rawValue
      throw CommandFailure("\(model) is for \(kind): labelled images tell something of detection and classification only", status: .wrongUse)
    }
    let found = try form?.form ?? LabelledDataset.form(of: path)
    guard found.hasBoxes == (task == .detection) else {
      let other = found.hasBoxes ? "detection" : "classification"
      let labelled = form.map { "--labels \($0.rawValue) is for \(other)" } ?? "\(path) is labelled for \(other)"
      throw CommandFailure("\(model) is for \(task.rawValue), \(labelled): \(needs(task))", status: .wrongUse)
    }
    let data = try LabelledDataset(path: path, form: found, labels: labels)
    noteLeftOut(data.foreignCount, of: path)
    if data.unlabelledCount > 0 {
      Terminal.note("\(path): \(data.unlabelledCount) of \(data.items.count) image(s) have no label file, and count as showing nothing")
    }
    return data
  }

  private static func needs(_ task: Manifest.Task) -> String {
    task == .detection ? "boxes lie in images/ with labels/ (--labels yolo or corners)" : "classes are a folder each, or in file names (--labels names)"
  }

  /// Says on standard error that some images of a folder aren't read.
  static func noteLeftOut(_ count: Int, of path: String) {
    guard count > 0 else { return }
    Terminal.note("\(path): \(count) file(s) were left out; \(ImageFolder.foreignFormats)")
  }
}
