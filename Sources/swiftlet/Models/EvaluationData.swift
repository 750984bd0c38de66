import Imaging
import ModelCompiler
import ModelManifest
import ObjectDetection

/// Labelled images or sounds for a model, as `compile` and `evaluate` take them.
enum EvaluationData {
  /// Reads a data set for a compiled or a wanted model, and says on standard error what of it doesn't count.
  /// - Parameter form: of images; nil finds it out.
  /// - Throws: where the model's task isn't one that is counted, and where the data set has nothing for it.
  static func load(_ path: String, form: EvaluateCommand.LabelForm?, for model: String, recipe: Recipe?) throws -> EvaluationSet {
    guard let recipe, recipe.sound != nil else {
      return .images(try load(path, form: form, for: model, task: recipe?.task ?? .raw, labels: recipe?.labels ?? []))
    }
    guard recipe.task == .transcription || recipe.task == .classification else {
      throw CommandFailure(
        "\(model) is for \(name(of: recipe.task)): what a model hears is counted for transcription and classification only", status: .wrongUse)
    }
    try refuse(form, of: model)
    return recipe.task == .transcription ? .speech(try spoken(path)) : .sounds(try LabelledSounds(path: path, labels: recipe.labels))
  }

  /// Sounds have no boxes, whose form could be said.
  static func refuse(_ form: EvaluateCommand.LabelForm?, of model: String) throws {
    guard form == nil else { throw CommandFailure("\(model) hears: --labels is for images", status: .wrongUse) }
  }

  /// Clips with their texts; says on standard error how many have none.
  static func spoken(_ path: String) throws -> SpokenDataset {
    let data = try SpokenDataset(path: path)
    if data.untoldCount > 0 { Terminal.note("\(path): \(data.untoldCount) sound(s) were left out: nothing says what is spoken in them") }
    return data
  }

  /// Reads labelled images, and says on standard error what of it doesn't count.
  /// - Parameters:
  ///   - form: how labels lie; nil finds it out.
  ///   - model: what messages call the model.
  /// - Throws: before any label is looked at where the data set is labelled for another task than the model's.
  static func load(
    _ path: String, form: EvaluateCommand.LabelForm?, for model: String, task: Manifest.Task, labels: [String]
  ) throws -> LabelledDataset {
    guard task == .detection || task == .classification else {
      throw CommandFailure("\(model) is for \(name(of: task)): labelled images tell something of detection and classification only", status: .wrongUse)
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

  private static func name(of task: Manifest.Task) -> String { task == .raw ? "raw tensors" : task.rawValue }

  private static func needs(_ task: Manifest.Task) -> String {
    task == .detection ? "boxes lie in images/ with labels/ (--labels yolo or corners)" : "classes are a folder each, or in file names (--labels names)"
  }

  /// Says on standard error that some images of a folder aren't read.
  static func noteLeftOut(_ count: Int, of path: String) {
    guard count > 0 else { return }
    Terminal.note("\(path): \(count) file(s) were left out; \(ImageFolder.foreignFormats)")
  }
}
