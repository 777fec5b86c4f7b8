using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeFlex.Machinery.Protobuf;

// A worked example: metadata {name: "x"} of a Namespace arrives as
//
//   0a 11                     field 1 (metadata), 17 bytes
//      0a 01 78               field 1 (name) "x"
//      12 00                  field 2 (generateName) "": a plain string of Go is always written; JSON leaves it out
//      ...
//      42 00                  field 8 (creationTimestamp): the zero time, null in JSON

/// <summary>From a message's bytes to the JSON that Go's own types would marshal.</summary>
internal static class MessageReader
{
    private const int MaxDepth = 100;
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    public static JsonNode? Read(Message message, ReadOnlySpan<byte> bytes, int depth = 0)
    {
        if (depth > MaxDepth) throw new InvalidDataException("proto: message is nested too deeply");
        return message.Form switch
        {
            MessageForm.Object => ReadObject(message, bytes, new JsonObject(), depth),
            MessageForm.Time => Time(bytes, "yyyy-MM-dd'T'HH:mm:ss'Z'"),
            MessageForm.MicroTime => Time(bytes, "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'"),
            MessageForm.IntOrString => IntOrString(bytes),
            MessageForm.Quantity => Text(Last(bytes, 1)),
            MessageForm.Json => ParseJson(Last(bytes, 1)),
            MessageForm.List => List(message, 1, bytes, depth),
            MessageForm.SchemaOrBool => Member(message, 2, bytes, depth) ?? Number(bytes, 1) != 0,
            _ => Member(message, 1, bytes, depth) ?? List(message, 2, bytes, depth),
        };
    }

    private static JsonNode? Member(Message message, int number, ReadOnlySpan<byte> bytes, int depth)
    {
        var member = Last(bytes, number, out var found);
        return found ? Read(message.Fields[number].Message!, member, depth + 1) : null;
    }

    private static JsonObject ReadObject(Message message, ReadOnlySpan<byte> bytes, JsonObject into, int depth)
    {
        var reader = new WireReader(bytes);
        while (reader.Next(out var number, out var value))
        {
            // A later version's field: gone, as in Go.
            if (!message.Fields.TryGetValue(number, out var field)) continue;
            if ((field.Form & FieldForm.Inline) != 0) ReadObject(field.Message!, value.Bytes, into, depth + 1);
            else if ((field.Form & FieldForm.Map) != 0) Entry(field, value.Bytes, (JsonObject)(into[field.Name] ??= new JsonObject()), depth);
            else if ((field.Form & FieldForm.Repeated) != 0) Items(field, value, (JsonArray)(into[field.Name] ??= new JsonArray()), depth);
            else if ((field.Form & FieldForm.Optional) != 0 || !IsZero(field.Form, value)) into[field.Name] = Value(field, value, depth);
            else into.Remove(field.Name);
        }
        return into;
    }

    private static JsonNode? Value(MessageField field, WireValue value, int depth) => (field.Form & FieldForm.Mask) switch
    {
        FieldForm.Text => Text(value.Bytes),
        FieldForm.Bytes => Convert.ToBase64String(value.Bytes),
        FieldForm.Bool => value.Number != 0,
        FieldForm.Integer => (long)value.Number,
        FieldForm.Double => BitConverter.UInt64BitsToDouble(value.Number),
        _ => Read(field.Message!, value.Bytes, depth + 1),
    };

    private static bool IsZero(FieldForm form, WireValue value) =>
        (form & FieldForm.Mask) != FieldForm.Message && (value.IsBytes ? value.Bytes.IsEmpty : value.Number == 0);

    private static void Items(MessageField field, WireValue value, JsonArray into, int depth)
    {
        if (!value.IsBytes || (field.Form & FieldForm.Mask) is not (FieldForm.Bool or FieldForm.Integer))
        {
            into.Add(Value(field, value, depth));
            return;
        }
        // Packed: the numbers one after the other.
        var bytes = value.Bytes;
        while (!bytes.IsEmpty)
        {
            var length = 1;
            while (length < bytes.Length && bytes[length - 1] >= 0x80) length++;
            byte[] one = [1 << 3, .. bytes[..length]];
            into.Add(Value(field, First(one), depth));
            bytes = bytes[length..];
        }
    }

    private static void Entry(MessageField field, ReadOnlySpan<byte> bytes, JsonObject into, int depth)
    {
        var reader = new WireReader(bytes);
        var key = "";
        JsonNode? entry = null;
        var seen = false;
        while (reader.Next(out var number, out var value))
        {
            if (number == 1) key = Text(value.Bytes);
            else if (number == 2) (entry, seen) = (Value(field, value, depth), true);
        }
        into[key] = seen ? entry : (field.Form & FieldForm.Mask) == FieldForm.Message ? new JsonObject() : "";
    }

    private static JsonArray List(Message message, int number, ReadOnlySpan<byte> bytes, int depth)
    {
        var list = new JsonArray();
        var reader = new WireReader(bytes);
        while (reader.Next(out var n, out var value))
            if (n == number) Items(message.Fields[number], value, list, depth);
        return list;
    }

    private static JsonNode? Time(ReadOnlySpan<byte> bytes, string format)
    {
        var (seconds, nanos) = ((long)Number(bytes, 1), (long)Number(bytes, 2));
        if (seconds == 0 && nanos == 0) return null;
        if (seconds is < -62135596800 or > 253402300799 || nanos is < 0 or > 999_999_999) throw new InvalidDataException("proto: time out of range");
        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100).ToString(format, CultureInfo.InvariantCulture);
    }

    private static JsonNode IntOrString(ReadOnlySpan<byte> bytes) => Number(bytes, 1) == 0 ? (long)Number(bytes, 2) : Text(Last(bytes, 3));

    private static JsonNode? ParseJson(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty) return null;
        try
        {
            return JsonNode.Parse(json);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException("proto: string field contains invalid UTF-8", e);
        }
    }

    private static WireValue First(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        reader.Next(out _, out var value);
        return value;
    }

    // The last of several counts, as the wire format demands.
    private static ulong Number(ReadOnlySpan<byte> bytes, int wanted)
    {
        var reader = new WireReader(bytes);
        ulong result = 0;
        while (reader.Next(out var number, out var value))
            if (number == wanted) result = value.Number;
        return result;
    }

    internal static ReadOnlySpan<byte> Last(ReadOnlySpan<byte> bytes, int wanted) => Last(bytes, wanted, out _);

    private static ReadOnlySpan<byte> Last(ReadOnlySpan<byte> bytes, int wanted, out bool found)
    {
        var reader = new WireReader(bytes);
        ReadOnlySpan<byte> result = default;
        found = false;
        while (reader.Next(out var number, out var value))
            if (number == wanted)
            {
                found = true;
                result = value.Bytes;
            }
        return result;
    }
}
