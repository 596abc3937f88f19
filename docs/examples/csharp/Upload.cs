// .NET 2.0 Web 引用：上传一份文档，查回执，再上传一份有错的文档并显示错在哪里。
// 退出码：0 第一份已接收；1 第一份被拒收；2 SOAP Fault 或网络故障。
using System;
using System.IO;
using System.IO.Compression;
using System.Net;
using System.Web.Services.Protocols;
using Changbai;

class Upload
{
    static int Main(string[] args)
    {
        Console.OutputEncoding = new System.Text.UTF8Encoding(false);
        DataCollection service = new DataCollection();
        service.Url = args[0];
        service.Timeout = 60000;
        service.CredentialsValue = new Credentials();
        service.CredentialsValue.institution = args[1];
        service.CredentialsValue.password = args[2];
        try
        {
            UploadResult good = Send(service, args[3], args[4]);
            ReceiptResult receipt = service.QueryReceipt(good.receipt, null);
            Console.WriteLine("receipt {0} {1}", receipt.receipt, receipt.state);
            Send(service, args[3] + "-WRONG", args[5]);
            return good.status == "rejected" ? 1 : 0;
        }
        catch (SoapException fault)
        {
            Console.Error.WriteLine("fault {0}", fault.Message);
            Console.Error.WriteLine(fault.Detail == null ? "" : fault.Detail.InnerText);
            return 2;
        }
        catch (WebException problem)
        {
            Console.Error.WriteLine("network {0}", problem.Message);
            return 2;
        }
    }

    static UploadResult Send(DataCollection service, string documentId, string path)
    {
        string payload = Pack(File.ReadAllBytes(path));
        UploadResult result = service.Upload("C0002", documentId, payload, null, null, null, null);
        Console.WriteLine("{0} {1} {2}", result.status, result.code, result.message);
        if (result.issues == null) return result;
        foreach (Issue issue in result.issues)
        {
            Console.WriteLine("  {0} {1} {2}", issue.severity, issue.code, issue.message);
            Console.WriteLine("    {0} line {1}", issue.path, issue.line);
            Console.WriteLine("    {0}", issue.hint);
        }
        return result;
    }

    // 必须先关闭 GZipStream 再取字节，否则数据不完整（SND-211）。
    static string Pack(byte[] xml)
    {
        MemoryStream packed = new MemoryStream();
        using (GZipStream gzip = new GZipStream(packed, CompressionMode.Compress, true))
            gzip.Write(xml, 0, xml.Length);
        return Convert.ToBase64String(packed.ToArray());
    }
}
