namespace KubeFlex.Machinery.Protobuf;

// The data file kubernetes.messages.bin, written by tools/CatalogGenerator (which compiles this file too) and read by MessageTable. Brotli over
//
//   messages   count; of each: name (the published type's), MessageForm, count of fields
//   field      number, JSON name, FieldForm with flags, index of the message when it is one
//
// in the form of BinaryWriter: 7-bit encoded numbers, strings with their length in front.

/// <summary>Names that writer and reader of the data file share.</summary>
internal static class MessageFormat
{
    /// <summary>The name of the embedded file.</summary>
    public const string FileName = "kubernetes.messages.bin";
}

/// <summary>How a message is written in JSON. Those beyond <see cref="Object"/> are Go types that marshal themselves.</summary>
internal enum MessageForm
{
    /// <summary>An object of its fields.</summary>
    Object,
    /// <summary>Field 1 seconds: RFC 3339, zero is null.</summary>
    Time,
    /// <summary>Field 1 seconds, field 2 nanoseconds: RFC 3339 with six digits, zero is null.</summary>
    MicroTime,
    /// <summary>Field 1 chooses: field 2 number, field 3 string.</summary>
    IntOrString,
    /// <summary>Field 1 is a string that stands for it.</summary>
    Quantity,
    /// <summary>Field 1 holds JSON.</summary>
    Json,
    /// <summary>Field 1 is a list that stands for it.</summary>
    List,
    /// <summary>One of: field 1 bool, field 2 schema.</summary>
    SchemaOrBool,
    /// <summary>One of: field 1 a schema, field 2 a list.</summary>
    SchemaOrList,
}

/// <summary>What a field holds, and flags.</summary>
[Flags]
internal enum FieldForm
{
    /// <summary>UTF-8.</summary>
    Text = 0,
    /// <summary>Base64 in JSON.</summary>
    Bytes = 1,
    /// <summary>True or false.</summary>
    Bool = 2,
    /// <summary>32 or 64 bits.</summary>
    Integer = 3,
    /// <summary>64-bit floating point.</summary>
    Double = 4,
    /// <summary>Another message.</summary>
    Message = 5,
    /// <summary>Bits of the above.</summary>
    Mask = 7,
    /// <summary>A list.</summary>
    Repeated = 8,
    /// <summary>A map from strings.</summary>
    Map = 16,
    /// <summary>The message's members stand among those of its parent.</summary>
    Inline = 32,
    /// <summary>
    /// Present when it is written, even as zero. Other scalars are written always, because Go has no absent value for them, and JSON leaves them
    /// out when they are zero.
    /// </summary>
    Optional = 64,
}
