# What is installed besides the tool: headers, libraries, and how other builds find them.
# All of it may be moved as a whole: every path is relative to the file that names it.
include(CMakePackageConfigHelpers)

install(FILES include/df.h include/df_abi.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(DF_LIBRARY)
  install(FILES include/dynamic_flag.h include/an_hook.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endif()

set(df_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/df)
install(TARGETS df_headers EXPORT df)
if(DF_LIBRARY)
  install(TARGETS df df_shared EXPORT df)
  # From the directory of libdf.pc to the prefix; a libdir that lies elsewhere stays as it is.
  if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR} OR IS_ABSOLUTE ${CMAKE_INSTALL_INCLUDEDIR})
    set(df_pc_prefix ${CMAKE_INSTALL_PREFIX})
    set(df_pc_libdir ${CMAKE_INSTALL_FULL_LIBDIR})
    set(df_pc_includedir ${CMAKE_INSTALL_FULL_INCLUDEDIR})
  else()
    file(RELATIVE_PATH df_up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    string(REGEX REPLACE "/$" "" df_up "${df_up}")
    set(df_pc_prefix "\${pcfiledir}/${df_up}")
    set(df_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(df_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
  endif()
  configure_file(cmake/libdf.pc.in libdf.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libdf.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

install(EXPORT df NAMESPACE df:: FILE dfTargets.cmake DESTINATION ${df_cmake_dir})
configure_package_config_file(cmake/dfConfig.cmake.in dfConfig.cmake
  INSTALL_DESTINATION ${df_cmake_dir})
write_basic_package_version_file(dfConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/dfConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/dfConfigVersion.cmake DESTINATION ${df_cmake_dir})
