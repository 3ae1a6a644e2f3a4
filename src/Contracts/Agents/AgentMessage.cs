using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>What an agent tells Control. The first member of the JSON object is "type".</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(HelloMessage), "hello")]
[JsonDerivedType(typeof(AckMessage), "ack")]
[JsonDerivedType(typeof(StatusMessage), "status")]
[JsonDerivedType(typeof(SshProvisionedMessage), "ssh-provisioned")]
[JsonDerivedType(typeof(SshHostMessage), "ssh-host")]
public abstract record AgentMessage;
