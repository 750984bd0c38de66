import CDemoModel
import EdgeAgent
import ModelManifest

/// The detector that is built in.
enum DemoModel {
  static func open() throws(EdgeAgentError) -> ModelPackage {
    let bytes = unsafe UnsafeBufferPointer(start: swl_demo_model_bytes(), count: swl_demo_model_byte_count())
    do { return try unsafe ModelPackage(Array(bytes), origin: "the built-in model") } catch {
      throw EdgeAgentError(.model, error.description)
    }
  }
}
