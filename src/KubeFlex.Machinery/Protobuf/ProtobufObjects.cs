using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Machinery.Protobuf;

/// <summary>
/// Objects in Kubernetes' protobuf envelope (<c>application/vnd.kubernetes.protobuf</c>), as typed Go clients send them: the four bytes
/// <c>k8s\0</c>, then a <c>runtime.Unknown</c> with the kind and the message. Built-in kinds only; custom resources have no message.
/// </summary>
public sealed class ProtobufObjects
{
    private readonly Lazy<MessageTable> messages = new(MessageTable.Load);

    private static ReadOnlySpan<byte> Prefix => "k8s\0"u8;

    /// <summary>
    /// Reads a body as the published type <paramref name="typeName"/>, the same way as if the client had sent the JSON of its object. The
    /// object's own apiVersion and kind are taken from the envelope: the caller compares them.
    /// </summary>
    public Result<ParsedObject> Read(ReadOnlySpan<byte> body, string typeName, string kind)
    {
        if (!body.StartsWith(Prefix))
            return ApiError.BadRequest($"the object provided is unrecognized (must be of type {kind}): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({Convert.ToHexStringLower(body[..Math.Min(30, body.Length)])})");
        try
        {
            var unknown = body[Prefix.Length..];
            var type = MessageReader.Last(unknown, 1);
            if (messages.Value.Find(typeName) is not { } message) return ApiError.BadRequest($"the type {kind} has no protobuf form: send JSON");
            var obj = (JsonObject)MessageReader.Read(message, MessageReader.Last(unknown, 2))!;
            obj["apiVersion"] = System.Text.Encoding.UTF8.GetString(MessageReader.Last(type, 1));
            obj["kind"] = System.Text.Encoding.UTF8.GetString(MessageReader.Last(type, 2));
            // From here on it is JSON that arrived, numbers and all.
            return ObjectReader.ReadJson(KubeJson.ToUtf8(obj));
        }
        catch (InvalidDataException e)
        {
            return ApiError.BadRequest($"the object provided is unrecognized (must be of type {kind}): {e.Message} ({Convert.ToHexStringLower(body[..Math.Min(30, body.Length)])})");
        }
    }
}
