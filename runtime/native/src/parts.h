// Each part of the addon adds what it exports.
#pragma once

#include <napi.h>

namespace datapath {

void ExportLinks(Napi::Env env, Napi::Object exports);
void ExportMaps(Napi::Env env, Napi::Object exports);
void ExportNetlink(Napi::Env env, Napi::Object exports);
void ExportObjects(Napi::Env env, Napi::Object exports);
void ExportPrograms(Napi::Env env, Napi::Object exports);
void ExportRings(Napi::Env env, Napi::Object exports);
void ExportSystem(Napi::Env env, Napi::Object exports);

}  // namespace datapath
