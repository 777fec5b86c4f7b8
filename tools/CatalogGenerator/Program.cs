using KubeFlex.CatalogGenerator;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Protobuf;

if (args.Length != 3)
{
    Console.Error.WriteLine("usage: CatalogGenerator <reference-dir> <discovery.json of what is served> <output folder>");
    return 2;
}
var facts = Facts.Read(args[0], args[1]);
var file = new CatalogWriter(facts).Write();
var messages = new Messages(facts.Protobuf, facts.Schemas).Write();
File.WriteAllBytes(Path.Combine(args[2], CatalogFormat.FileName), file);
File.WriteAllBytes(Path.Combine(args[2], MessageFormat.FileName), messages);
Console.Error.WriteLine($"Kubernetes {facts.Version}: {facts.Groups.Count} group versions, {facts.Groups.Sum(g => g.Resources.Count)} resources, {file.Length / 1024} and {messages.Length / 1024} KiB");
return 0;
