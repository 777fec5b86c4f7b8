using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>GET of a collection: a head, the stored objects joined by commas, a tail.</summary>
internal static class List
{
    private static ReadOnlySpan<byte> MetadataMark => "\"metadata\":"u8;

    public static async Task HandleAsync(ApiRequest r)
    {
        if (r.Options.ValidateList(watch: false) is { } invalid) { await Answer.ErrorAsync(r.Http, invalid); return; }
        if (!Selection.Parse(r).TryGet(out var selection, out var error)) { await Answer.ErrorAsync(r.Http, error); return; }
        if (!(await ListReader.ReadAsync(r, selection)).TryGet(out var page, out error))
        {
            await RefuseAsync(r, selection, error);
            return;
        }
        await WriteAsync(r, page);
    }

    /// <summary>Writes a page in the form asked for.</summary>
    public static Task WriteAsync(ApiRequest r, Page page)
    {
        if (r.Accept.Shape == Shape.Object && r.Accept.Encoding == Format.Json && !r.Options.Pretty) return BytesAsync(r, page);
        return Answer.NodeAsync(r.Http, 200, Document(r, page), r.Accept, r.Options.Pretty);
    }

    // An expired continue token is answered with one that goes on at the newest state, at the price of consistency.
    private static async Task RefuseAsync(ApiRequest r, Selection selection, ApiError error)
    {
        if (error.Code != 410 || r.Options.Continue.Length == 0 || !ContinueToken.Parse(r.Options.Continue).TryGet(out var token, out _))
        {
            await Answer.ErrorAsync(r.Http, error);
            return;
        }
        var status = ApiError.Expired("The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, " +
            "or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, " +
            "or deleted between the time the first chunk was returned and now may show up in the list.").ToStatus();
        status["metadata"] = new JsonObject { ["continue"] = (token with { Revision = -1 }).ToString() };
        await Answer.StatusAsync(r.Http, 410, status);
    }

    private static JsonObject Document(ApiRequest r, Page page)
    {
        var objects = page.Items.Select(i => ObjectAnswer.Parsed(r.Entry, i));
        JsonObject document;
        if (r.Accept.Shape == Shape.Table) document = ObjectAnswer.Table(r, objects, "");
        else if (r.Accept.Shape is Shape.Metadata or Shape.MetadataList)
            document = new JsonObject
            {
                ["kind"] = "PartialObjectMetadataList",
                ["apiVersion"] = $"meta.k8s.io/{r.Accept.TransformVersion}",
                ["metadata"] = null,
                ["items"] = new JsonArray([.. objects.Select(o => ObjectAnswer.Metadata(o, r.Accept.TransformVersion))]),
            };
        else
            document = new JsonObject
            {
                ["kind"] = r.Resource.ListKind,
                ["apiVersion"] = r.Resource.Kind.ApiVersion,
                ["metadata"] = null,
                ["items"] = new JsonArray([.. objects.Select(o => Bare(r, o))]),
            };
        var metadata = new JsonObject { ["resourceVersion"] = page.Revision.ToString(CultureInfo.InvariantCulture) };
        if (page.Continue is not null) metadata["continue"] = page.Continue.ToString();
        if (page.Remaining is > 0) metadata["remainingItemCount"] = page.Remaining;
        document["metadata"] = metadata;
        return document;
    }

    // Items of typed lists carry neither kind nor apiVersion; custom resources do.
    private static JsonObject Bare(ApiRequest r, JsonObject o)
    {
        if (r.Resource.Custom) return o;
        o.Remove("kind");
        o.Remove("apiVersion");
        return o;
    }

    private static async Task BytesAsync(ApiRequest r, Page page)
    {
        var response = r.Http.Response;
        response.StatusCode = 200;
        response.ContentType = "application/json";
        long size = 0;
        foreach (var item in page.Items) size += item.Length;
        if (size > Answer.CompressFrom && Answer.AcceptsGzip(r.Http.Request))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            var pipe = System.IO.Pipelines.PipeWriter.Create(gzip, new System.IO.Pipelines.StreamPipeWriterOptions(leaveOpen: true));
            await CopyAsync(r, page, pipe);
            await pipe.CompleteAsync();
            return;
        }
        if (HttpMethods.IsHead(r.Http.Request.Method)) return;
        await CopyAsync(r, page, response.BodyWriter);
    }

    private static async Task CopyAsync(ApiRequest r, Page page, System.IO.Pipelines.PipeWriter writer)
    {
        Head(r, page, writer);
        var pending = 0;
        for (var i = 0; i < page.Items.Count; i++)
        {
            if (i > 0) writer.Write(","u8);
            pending += Item(r, page.Items[i], writer);
            if (pending < 64 * 1024) continue;
            await writer.FlushAsync(r.Cancellation);
            pending = 0;
        }
        writer.Write("]}\n"u8);
        await writer.FlushAsync(r.Cancellation);
    }

    private static void Head(ApiRequest r, Page page, IBufferWriter<byte> writer)
    {
        writer.Write(r.Entry.ListHead);
        writer.Write("\"resourceVersion\":\""u8);
        Span<byte> digits = stackalloc byte[20];
        page.Revision.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
        writer.Write(digits[..count]);
        writer.Write("\""u8);
        if (page.Continue is not null)
        {
            writer.Write(",\"continue\":\""u8);
            writer.Write(System.Text.Encoding.ASCII.GetBytes(page.Continue.ToString()));
            writer.Write("\""u8);
        }
        // Lists of custom resources are untyped upstream and always carry the member.
        else if (r.Resource.Custom) writer.Write(",\"continue\":\"\""u8);
        if (page.Remaining is > 0)
        {
            writer.Write(",\"remainingItemCount\":"u8);
            page.Remaining.Value.TryFormat(digits, out count, default, CultureInfo.InvariantCulture);
            writer.Write(digits[..count]);
        }
        writer.Write("},\"items\":["u8);
    }

    private static int Item(ApiRequest r, byte[] stored, IBufferWriter<byte> writer)
    {
        var bytes = ObjectAnswer.InVersion(r.Entry, stored).AsSpan();
        if (r.Resource.Custom || !bytes.StartsWith(r.Entry.Head))
        {
            writer.Write(bytes);
            return bytes.Length;
        }
        // A typed item starts with its metadata: what stands before is the same for all and left out.
        writer.Write("{"u8);
        writer.Write(bytes[r.Entry.Head.Length..]);
        return bytes.Length;
    }
}
