using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>What Control tells an agent. The first member of the JSON object is "type".</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(SnapshotMessage), "snapshot")]
[JsonDerivedType(typeof(DeltaMessage), "delta")]
[JsonDerivedType(typeof(CurrentMessage), "current")]
[JsonDerivedType(typeof(RefusedMessage), "refused")]
[JsonDerivedType(typeof(SshProvisionMessage), "ssh-provision")]
public abstract record ControlMessage;
